"""Identities that were verified before: how a cache enters the core, and when what it returns may be believed.

What is cached is the verified identity, never a decision: policy runs on every request.
"""

from typing import Protocol

from sidecar.core.identity import Identity
from sidecar.core.trust import Trust


class IdentityCache(Protocol):
    """Remembers the identity of a whole compact token, byte for byte. May forget anything at any time."""

    def get(self, token: bytes) -> Identity | None:
        """Return the identity that was put for exactly ``token``, or ``None``."""

    def put(self, token: bytes, identity: Identity) -> None:
        """Remember ``identity`` for ``token``."""


class _NoCache:
    def get(self, token: bytes) -> None:
        pass

    def put(self, token: bytes, identity: Identity) -> None:
        pass


#: Remembers nothing.
NO_CACHE: IdentityCache = _NoCache()


def still_holds(identity: Identity, trust: Trust, now: float) -> bool:
    """Say whether a remembered identity would be found again, under ``trust`` at ``now``, from its token.

    INVARIANT: an identity holds only under the issuer configuration and the very key it was verified with. A key that
    is removed or replaced takes its identities with it at once; one that is added takes none.
    """
    issuer = trust.issuers.get(identity.issuer)
    return (
        issuer is not None
        and issuer.digest == identity.issuer_digest
        and identity.key_digest in issuer.keys.key_digests
        and identity.valid_from <= now < identity.valid_until
    )
