"""Minting many tokens at once: by a pool of workers, which alone have the key, or in this process, which then has it.

claims ── complete: iss iat nbf exp jti ──> header.payload ── sign ──> header.payload.signature
"""

import time
from collections.abc import Callable, Mapping, Sequence

from sidecar.core.strict_json import Json
from sidecar.tokens.claims import Terms, encode_part
from sidecar.tokens.minting_key import MintingKeys
from sidecar.tokens.pool.pool import SigningPool
from sidecar.tokens.public import PublicKeys
from sidecar.tokens.signer import PoolSigner, sign_here

Claims = Mapping[str, Json]


class Minter:
    """Mints tokens of one issuer by ``pool``. ``clock`` is in seconds since the epoch."""

    def __init__(self, pool: SigningPool, terms: Terms, clock: Callable[[], float] = time.time) -> None:
        self._signer = PoolSigner(pool)
        self._terms = terms
        self._clock = clock

    async def mint_many(self, claims: Sequence[Claims], timeout: float) -> list[bytes]:  # noqa: ASYNC109 - shared out
        """Return a token for each of ``claims``, in their order, within ``timeout`` seconds: all of them, or an error.

        Raises ``SigningUnavailableError`` where the workers could not sign all of them in time, and ``ValueError`` for
        claims that are not to be signed (``Terms.complete``).
        """
        now = self._clock()
        payloads = [encode_part(self._terms.complete(each, now)) for each in claims]
        return await self._signer.sign(payloads, self._terms.token_type, timeout)

    async def public_keys(self, timeout: float) -> PublicKeys:  # noqa: ASYNC109 - the pool's
        """Return the keys that tokens may be verified with: see ``SigningPool.public_keys``."""
        return await self._signer.public_keys(timeout)


def mint_many(keys: MintingKeys, terms: Terms, claims: Sequence[Claims], now: float) -> list[bytes]:
    """Return a token for each of ``claims``, signed here: for one process that has the key, such as a command.

    ``now`` is in seconds since the epoch. Raises ``ValueError`` as ``Minter.mint_many`` does.
    """
    return sign_here(keys, [encode_part(terms.complete(each, now)) for each in claims], terms.token_type)
