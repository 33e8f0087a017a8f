"""From an API key to the identity it stands for. No cryptography beside one hash, and nothing to wait for."""

import math
from hashlib import sha256
from types import MappingProxyType

from sidecar.core.api_key import ApiKey
from sidecar.core.identity import Identity
from sidecar.core.reason import Reason, Refusal
from sidecar.core.strict_json import Json
from sidecar.core.trust import Issuer

#: Characters; a UUID has 36. What is shorter was made up by somebody, and could be found by trying.
MIN_LENGTH = 32


def is_api_key(credential: bytes) -> bool:
    """Say whether it may be one. A JWT, which has dots, never is: it may come in the same header."""
    return b"." not in credential


def identify(credential: bytes, issuer: Issuer, now: float) -> Identity:
    """Return whom a key stands for, by the keys of ``issuer``; raises ``Refusal``."""
    if len(credential) < MIN_LENGTH:
        raise Refusal(Reason.UNKNOWN_API_KEY, f"shorter than {MIN_LENGTH} characters", issuer.issuer)
    found = (issuer.api_keys or {}).get(sha256(credential).digest())
    if found is None:
        raise Refusal(Reason.UNKNOWN_API_KEY, "no such key", issuer.issuer)
    # INVARIANT: the comparison must hold to let the key go on, so that a clock that is NaN refuses.
    ends = math.inf if found.expires is None else found.expires
    if not now < ends:
        raise Refusal(Reason.TOKEN_EXPIRED, "the key's time is over", issuer.issuer)
    return Identity(
        issuer=issuer.issuer,
        subject=found.subject,
        principal=f"{issuer.issuer}/{found.subject}",
        audiences=(),
        scopes=found.scopes,
        claims=MappingProxyType(_claims(found, issuer)),
        key_digest=found.digest,
        issuer_digest=issuer.digest,
        key_id=None,
        key_thumbprint=b"",
        valid_from=-math.inf,
        valid_until=ends,
    )


def _claims(key: ApiKey, issuer: Issuer) -> dict[str, Json]:
    claims = dict(key.claims) | {"iss": issuer.issuer, "sub": key.subject, "jti": key.name}
    if key.scopes:
        claims["scope"] = " ".join(sorted(key.scopes))
    if key.expires is not None:
        claims["exp"] = key.expires
    return claims
