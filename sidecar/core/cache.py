"""Tokens that were looked into before: how a cache enters the core, and when what it returns may be believed.

What is cached is the verified identity, or that there will never be one; never a decision: policy runs on every
request.
"""

from dataclasses import dataclass
from typing import Protocol

from sidecar.core.identity import Identity
from sidecar.core.reason import Reason
from sidecar.core.trust import Trust

#: Refusals that stand as long as the token and the Trust do. All others may be over the next moment.
PERMANENT = frozenset({Reason.TOKEN_MALFORMED, Reason.BAD_SIGNATURE, Reason.TOKEN_EXPIRED})


@dataclass(frozen=True, slots=True)
class Refused:
    """A token that was refused for good (``PERMANENT``) under the Trust of this digest."""

    reason: Reason
    trust_digest: bytes


class TokenCache(Protocol):
    """Remembers what came of a whole compact token, byte for byte. May forget anything at any time."""

    def get(self, token: bytes, trust: Trust, now: float) -> Identity | Refused | None:
        """Return what was put for exactly ``token``, or ``None``. ``trust`` is for reading it, not for judging it."""

    def put(self, token: bytes, found: Identity | Refused, now: float) -> None:
        """Remember what came of ``token``."""


class _NoCache:
    def get(self, token: bytes, trust: Trust, now: float) -> None:
        pass

    def put(self, token: bytes, found: Identity | Refused, now: float) -> None:
        pass


#: Remembers nothing.
NO_CACHE: TokenCache = _NoCache()


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


def still_refused(refused: Refused, trust: Trust) -> bool:
    """Say whether a remembered refusal stands: under the very Trust alone, since any change may lift it."""
    return refused.reason in PERMANENT and refused.trust_digest == trust.digest
