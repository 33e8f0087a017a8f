"""Who a verified token speaks for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sidecar.core import claims as claim
from sidecar.core.strict_json import Json
from sidecar.core.trust import Issuer


@dataclass(frozen=True, slots=True)
class Identity:
    """A verified token's claims, and what they were verified under.

    ``principal`` is Istio's ``issuer/subject``, or ``None`` for a token without subject. ``issuer_digest`` names the
    issuer's configuration and keys at the time (``Issuer.digest``).
    """

    issuer: str
    subject: str | None
    principal: str | None
    audiences: tuple[str, ...]
    scopes: frozenset[str]
    claims: Mapping[str, Json] = field(repr=False)  # personal data
    key_thumbprint: bytes
    issuer_digest: bytes


def identity_of(claims: Mapping[str, Json], issuer: Issuer, key_thumbprint: bytes) -> Identity:
    """Build the identity of claims that were validated and whose signature was found good."""
    subject = claims.get("sub")
    name = subject if isinstance(subject, str) else None
    return Identity(
        issuer=issuer.issuer,
        subject=name,
        principal=None if name is None else f"{issuer.issuer}/{name}",
        audiences=claim.audiences(claims),
        scopes=claim.scopes(claims),
        claims=MappingProxyType(claims),
        key_thumbprint=key_thumbprint,
        issuer_digest=issuer.digest,
    )
