"""Who a verified token speaks for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sidecar.core import claims as claim
from sidecar.core.binding import Confirmation, confirmation_of
from sidecar.core.keys import VerificationKey
from sidecar.core.strict_json import Json
from sidecar.core.trust import Issuer


@dataclass(frozen=True, slots=True)
class Identity:
    """A verified token's claims, and what they were verified under.

    ``principal`` is Istio's ``issuer/subject``, or ``None`` for a token without subject. ``issuer_digest`` and
    ``key_digest`` name the issuer's configuration (``Issuer.digest``) and the key (``VerificationKey.digest``);
    by ``key_id`` and ``key_thumbprint`` all that was signed with it can be revoked.
    ``valid_from`` and ``valid_until``, in seconds since the epoch and with the clock skew in them, are the times
    between which the claims pass ``claims.validate``: from the first on, and up to but without the second.
    """

    issuer: str
    subject: str | None
    principal: str | None
    audiences: tuple[str, ...]
    scopes: frozenset[str]
    claims: Mapping[str, Json] = field(repr=False)  # personal data
    key_digest: bytes
    issuer_digest: bytes
    key_id: str | None
    key_thumbprint: bytes
    valid_from: float
    valid_until: float
    confirmation: Confirmation | None = None  #: what the token is bound to: to be shown with each request
    ask_again_at: float | None = None  #: of an opaque token; when its issuer has to be asked anew


def identity_of(claims: Mapping[str, Json], issuer: Issuer, key: VerificationKey) -> Identity:
    """Build the identity of claims that were validated, once, and whose signature was found good."""
    terms = claim.Validated(
        claim.audiences(claims), claim.scopes(claims), confirmation_of(claims, issuer.bound), claim.times_of(claims)
    )
    return identity_with(claims, terms, issuer, key)


def identity_with(claims: Mapping[str, Json], terms: claim.Validated, issuer: Issuer, key: VerificationKey) -> Identity:
    """Do the same with what ``claims`` came to when they were validated."""
    subject = claims.get("sub")
    name = subject if isinstance(subject, str) else None
    begins, ends = claim.validity(terms.times, issuer)
    return Identity(
        issuer=issuer.issuer,
        subject=name,
        principal=None if name is None else f"{issuer.issuer}/{name}",
        audiences=terms.audiences,
        scopes=terms.scopes,
        claims=MappingProxyType(claims),
        key_digest=key.digest,
        issuer_digest=issuer.digest,
        key_id=key.key_id,
        key_thumbprint=key.thumbprint,
        valid_from=begins,
        valid_until=ends,
        confirmation=terms.confirmation,
    )
