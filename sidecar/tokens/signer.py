"""Who signs: a pool of workers, which alone have the keys, or this process, which then has them."""

from collections.abc import Sequence
from time import monotonic
from typing import Protocol

from sidecar.tokens.claims import encode_header, encode_token
from sidecar.tokens.minting_key import MintingKeys
from sidecar.tokens.pool.errors import KeyNotHeldError
from sidecar.tokens.pool.pool import LONGEST, SigningPool
from sidecar.tokens.public import PublicKeys


class Signer(Protocol):
    """Whatever has, or reaches, the keys of one issuer."""

    async def sign(self, payloads: Sequence[bytes], token_type: str, timeout: float) -> list[bytes]:  # noqa: ASYNC109 - shared out
        """Return a token for each of ``payloads`` (base64url), in their order, within ``timeout`` seconds.

        Raises ``SigningUnavailableError`` where not all could be signed in time.
        """

    async def public_keys(self, timeout: float) -> PublicKeys:  # noqa: ASYNC109 - shared out
        """Return the keys that tokens may be verified with; raises ``SigningUnavailableError``."""

    def told(self) -> PublicKeys | None:
        """Return the same, at once, if all is known that there is to know."""


class PoolSigner:
    """A ``Signer`` by a pool of workers: this process has no key."""

    def __init__(self, pool: SigningPool) -> None:
        self._pool = pool

    async def sign(self, payloads: Sequence[bytes], token_type: str, timeout: float) -> list[bytes]:  # noqa: ASYNC109 - Signer's
        """Return the tokens."""
        deadline = monotonic() + min(timeout, LONGEST)
        if not payloads:
            return []
        try:
            return await self._signed(payloads, token_type, deadline)
        except KeyNotHeldError:  # all workers were replaced, and the key with them
            return await self._signed(payloads, token_type, deadline)

    async def public_keys(self, timeout: float) -> PublicKeys:  # noqa: ASYNC109 - Signer's
        """Return the public keys: see ``SigningPool.public_keys``."""
        return await self._pool.public_keys(monotonic() + min(timeout, LONGEST))

    def told(self) -> PublicKeys | None:
        """Return what all workers told, or ``None``."""
        return self._pool.told()

    async def _signed(self, payloads: Sequence[bytes], token_type: str, deadline: float) -> list[bytes]:
        key = await self._pool.signing_key(deadline)
        header = encode_header(key, token_type)
        inputs = [header + b"." + payload for payload in payloads]
        signatures = await self._pool.sign_many(key, inputs, deadline)
        return [encode_token(*pair) for pair in zip(inputs, signatures, strict=True)]


class HeldSigner:
    """A ``Signer`` with the keys themselves, for a single process. ``keys`` may be replaced."""

    def __init__(self, keys: MintingKeys) -> None:
        self.keys = keys

    async def sign(self, payloads: Sequence[bytes], token_type: str, timeout: float) -> list[bytes]:  # noqa: ARG002, ASYNC109 - Signer's
        """Return the tokens, at once."""
        return sign_here(self.keys, payloads, token_type)

    async def public_keys(self, timeout: float) -> PublicKeys:  # noqa: ARG002, ASYNC109 - Signer's
        """Return the public keys."""
        return self.keys.public

    def told(self) -> PublicKeys | None:
        """Return the public keys."""
        return self.keys.public


def sign_here(keys: MintingKeys, payloads: Sequence[bytes], token_type: str) -> list[bytes]:
    """Return a token for each of ``payloads`` (base64url), signed with the current key."""
    header = encode_header(keys.current.public, token_type)
    inputs = [header + b"." + payload for payload in payloads]
    return [encode_token(each, keys.current.sign(each)) for each in inputs]
