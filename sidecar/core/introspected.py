"""From an opaque token to an identity, in two halves with the question to its issuer between them."""

import math
from types import MappingProxyType
from typing import NamedTuple

from sidecar.core import base64url
from sidecar.core import claims as claim
from sidecar.core.binding import confirmation_of
from sidecar.core.credential import Credential
from sidecar.core.identity import Identity
from sidecar.core.introspection import Introspection
from sidecar.core.reason import Reason, Refusal, refusing_for
from sidecar.core.strict_json import Json, JsonError, loads_object
from sidecar.core.trust import Issuer, Trust

_JWS_PARTS = 3


def introspecting(credential: Credential, trust: Trust) -> Issuer | None:
    """Return whom to ask about a credential; ``None`` where it is a JWT whose signature tells.

    A JWT is asked about only where it names an issuer that has no keys here. Its word for that costs nothing: whoever
    is asked answers for itself.
    """
    issuer = trust.introspecting.get(credential.source)
    if issuer is None:
        return None
    named = _named(credential.token)
    if named is None:
        return issuer
    if named.issuer != issuer.issuer or issuer.algorithms:
        return None
    if named.type not in issuer.token_types:
        # As where the signature is checked here: a logout token is active too.
        raise Refusal(Reason.WRONG_TOKEN_TYPE, "typ is not among the issuer's token types", issuer.issuer)
    return issuer


def believe_answer(body: bytes | None, issuer: Issuer, introspection: Introspection, now: float) -> Identity:
    """Turn an endpoint's answer (``None``: there is none) into an identity; raises ``Refusal``."""
    with refusing_for(issuer.issuer):
        return _believed(body, issuer, introspection, now)


def _believed(body: bytes | None, issuer: Issuer, introspection: Introspection, now: float) -> Identity:
    if body is None:
        raise Refusal(Reason.INTROSPECTION_UNAVAILABLE, "no answer that can be used")
    try:
        members = loads_object(body)
    except JsonError as error:
        raise Refusal(Reason.INTROSPECTION_UNAVAILABLE, f"not a JSON object: {error}") from None
    if members.get("active") is False:
        raise Refusal(Reason.TOKEN_INACTIVE, "the issuer says so")
    if members.get("active") is not True:
        raise Refusal(Reason.INTROSPECTION_UNAVAILABLE, "active is neither true nor false")
    claims = {"iss": issuer.issuer, **{name: value for name, value in members.items() if name != "active"}}
    _check_named(claims, issuer, introspection)
    claim.validate(claims, issuer, now, introspection.optional)
    return introspected_identity(claims, issuer, introspection, now + introspection.max_cache)


def introspected_identity(
    claims: dict[str, Json], issuer: Issuer, introspection: Introspection, ask_again_at: float
) -> Identity:
    """Build the identity of claims that an endpoint vouched for, good until ``ask_again_at`` at the longest."""
    subject = claims.get("sub")
    name = subject if isinstance(subject, str) else None
    starts = (claim.time_claim(claims, one) for one in ("nbf", "iat"))
    begins = max((start for start in starts if start is not None), default=-math.inf)
    expires = claim.time_claim(claims, "exp")
    return Identity(
        issuer=issuer.issuer,
        subject=name,
        principal=None if name is None else f"{issuer.issuer}/{name}",
        audiences=claim.audiences(claims),
        scopes=claim.scopes(claims),
        claims=MappingProxyType(claims),
        key_digest=introspection.digest,
        issuer_digest=issuer.digest,
        key_id=None,
        key_thumbprint=b"",
        # Not before it was asked either: with a clock that is set back it would be good for longer than it may.
        valid_from=max(begins - issuer.clock_skew, ask_again_at - introspection.max_cache),
        valid_until=ask_again_at if expires is None else min(expires, ask_again_at),
        confirmation=confirmation_of(claims, issuer.bound),
        ask_again_at=ask_again_at,
    )


def _check_named(claims: dict[str, Json], issuer: Issuer, introspection: Introspection) -> None:
    if claims["iss"] != issuer.issuer:
        raise Refusal(Reason.UNKNOWN_ISSUER, "the endpoint answers for another issuer")
    kind = claims.get("token_type")
    if kind is not None and (not isinstance(kind, str) or kind.lower() not in introspection.token_types):
        # RFC 7662, section 2.2. A refresh token is active too.
        raise Refusal(Reason.WRONG_TOKEN_TYPE, "token_type is not among those that are taken")
    bound = claims.get("cnf")
    if isinstance(kind, str) and kind.lower() == "dpop" and not (isinstance(bound, dict) and "jkt" in bound):
        # RFC 9449, section 6.2: it is bound to a key, and not said to which.
        raise Refusal(Reason.PROOF_REQUIRED, "token_type is DPoP, and cnf names no key")


class _Named(NamedTuple):
    issuer: Json
    type: Json


def _named(token: bytes) -> _Named | None:
    """Return the issuer and the type that a JWT names; ``None`` for what is no JWT. Nothing of it is believed."""
    parts = token.split(b".")
    if len(parts) != _JWS_PARTS:
        return None
    try:
        header, payload = (loads_object(base64url.decode(part)) for part in parts[:2])
    except (base64url.Base64UrlError, JsonError):
        return None
    if "alg" not in header:
        return None
    kind = header.get("typ", "jwt")
    return _Named(payload.get("iss", ""), kind.lower().removeprefix("application/") if isinstance(kind, str) else kind)
