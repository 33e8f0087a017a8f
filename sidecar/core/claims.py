"""The registered claims of a JWT (RFC 7519, section 4.1), held against what its issuer was trusted for.

Times are NumericDate: seconds since the epoch, integer or not. Claims are looked at twice, before the signature is
checked (an expired token costs no cryptography) and after it (time has passed).
"""

import math
from collections.abc import Mapping

from sidecar.core.binding import confirmation_of
from sidecar.core.reason import Reason, Refusal
from sidecar.core.strict_json import Json, JsonError, loads_object
from sidecar.core.trust import Issuer

Claims = Mapping[str, Json]

#: Seconds since the epoch, and a finite number: of a token whose issuer names no end, and is asked again and again.
_NEVER = 2.0**53
#: Characters of a ``sub``, ``jti`` or ``sid``: as many as an entry of the denylist may name.
LONGEST_NAME = 2048


def read(payload: bytes) -> Claims:
    """Read a payload as claims; raises ``Refusal``."""
    try:
        return loads_object(payload)
    except JsonError as error:
        raise Refusal(Reason.TOKEN_MALFORMED, f"payload: {error}") from None


def issuer_of(claims: Claims, issuers: Mapping[str, Issuer]) -> Issuer:
    """Return the trusted issuer that the ``iss`` claim names exactly; raises ``Refusal``."""
    name = claims.get("iss")
    if name is None:
        raise Refusal(Reason.CLAIM_MISSING, "iss")
    if not isinstance(name, str):
        raise Refusal(Reason.CLAIM_INVALID, "iss is not a string")
    issuer = issuers.get(name)
    if issuer is None:
        raise Refusal(Reason.UNKNOWN_ISSUER, "iss names no configured issuer")
    return issuer


def validate(claims: Claims, issuer: Issuer, now: float, optional: frozenset[str] = frozenset()) -> None:
    """Hold ``claims`` against ``issuer`` at the time ``now`` (seconds since the epoch); raises ``Refusal``.

    ``optional``: those of ``aud`` and ``exp`` that may be missing, where whoever vouches for them has looked already.
    """
    for name in sorted(issuer.required_claims):
        if claims.get(name) is None:
            raise Refusal(Reason.CLAIM_MISSING, name)
    _check_names(claims)
    confirmation_of(claims, issuer.bound)
    scopes(claims)
    _check_audience(claims, issuer, must="aud" not in optional)
    _check_times(claims, issuer, now, ends="exp" not in optional)


def _check_names(claims: Claims) -> None:
    """Refuse what nobody could revoke by the names in it."""
    for name in ("sub", "jti"):
        if name in claims and not (isinstance(claims[name], str) and claims[name]):
            raise Refusal(Reason.CLAIM_INVALID, f"{name} is not a string with content")
    if claims.get("sid") is not None and not session_of(claims):
        # 1.0 and 1e0 are one number, and two texts.
        raise Refusal(Reason.CLAIM_INVALID, "sid is neither a string with content nor a whole number")
    for name, value in (("sub", claims.get("sub")), ("jti", claims.get("jti")), ("sid", session_of(claims))):
        if isinstance(value, str) and len(value) > LONGEST_NAME:
            raise Refusal(Reason.CLAIM_INVALID, f"{name} has more than {LONGEST_NAME} characters")


def session_of(claims: Claims) -> str | None:
    """Return ``sid`` (OpenID Connect Front-Channel Logout 1.0, section 3: a string); ``None`` where there is none.

    Some issuers count their sessions, so a whole number is taken, as its digits. What is anything else is none.
    """
    value = claims.get("sid")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None


def audiences(claims: Claims) -> tuple[str, ...]:
    """Return ``aud`` as a tuple (RFC 7519, section 4.1.3: a string or a list of them), empty where there is none.

    Raises ``Refusal`` for anything else.
    """
    value = claims.get("aud")
    if value is None:
        return ()
    members = value if isinstance(value, list) else [value]
    strings = tuple(member for member in members if isinstance(member, str))
    if len(strings) != len(members):
        raise Refusal(Reason.CLAIM_INVALID, "aud is not a string or a list of strings")
    return strings


def scopes(claims: Claims) -> frozenset[str]:
    """Return the scopes of ``scope`` (RFC 8693, section 4.2) and ``scp`` (as Entra and Okta have it).

    Raises ``Refusal`` for a list with a member that has a space: it is one scope here, and joined with the others in a
    header it would be two.
    """
    found: set[str] = set()
    for name in ("scope", "scp"):
        value = claims.get(name)
        members = value.split(" ") if isinstance(value, str) else value if isinstance(value, list) else []
        texts = [member for member in members if isinstance(member, str)]
        if any(" " in text for text in texts):
            raise Refusal(Reason.CLAIM_INVALID, f"{name} has a scope with a space")
        found.update(texts)
    return frozenset(found - {""})


def time_claim(claims: Claims, name: str) -> float | None:
    """Return a NumericDate claim, or ``None`` where it is absent; raises ``Refusal`` for what is no finite number."""
    if name not in claims:
        return None
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refusal(Reason.CLAIM_INVALID, f"{name} is not a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Refusal(Reason.CLAIM_INVALID, f"{name} is out of range")
    return number


def validity(claims: Claims, issuer: Issuer) -> tuple[float, float]:
    """Return from when on, and before when, claims that were validated are good as far as time goes.

    The lifetime does not narrow it: where it is counted from now, a token only comes nearer to its end.
    """
    expires, *starts = (time_claim(claims, name) for name in ("exp", "nbf", "iat"))
    if expires is None:
        raise Refusal(Reason.CLAIM_MISSING, "exp")
    begins = max((start for start in starts if start is not None), default=-math.inf)
    return begins - issuer.clock_skew, math.floor(expires) + issuer.clock_skew


def _check_audience(claims: Claims, issuer: Issuer, *, must: bool) -> None:
    found = audiences(claims)
    if issuer.audiences is None:
        return
    if claims.get("aud") is None:
        if must:
            raise Refusal(Reason.CLAIM_MISSING, "aud")
        return
    if issuer.audiences.isdisjoint(found):
        raise Refusal(Reason.WRONG_AUDIENCE, "aud names none of the configured audiences")


def _check_times(claims: Claims, issuer: Issuer, now: float, *, ends: bool) -> None:
    expires, not_before, issued = (time_claim(claims, name) for name in ("exp", "nbf", "iat"))
    if expires is None and not ends:
        expires = _NEVER
    if expires is None:
        # A token that never ends could never be waited out, neither by a cache nor by a denylist.
        raise Refusal(Reason.CLAIM_MISSING, "exp")
    # INVARIANT: each comparison must hold to let the token go on, so that a clock that is NaN refuses.
    if not math.floor(expires) > now - issuer.clock_skew:
        raise Refusal(Reason.TOKEN_EXPIRED, "exp is past")
    for name, start in (("nbf", not_before), ("iat", issued)):
        if start is not None and not start <= now + issuer.clock_skew:
            raise Refusal(Reason.TOKEN_NOT_YET_VALID, f"{name} is ahead")
    if issuer.max_lifetime is not None:
        _check_lifetime(expires, issued, issuer, issuer.max_lifetime, now)


def _check_lifetime(expires: float, issued: float | None, issuer: Issuer, longest: float, now: float) -> None:
    begins = now + issuer.clock_skew if issued is None else issued
    if not expires - begins <= longest:
        raise Refusal(Reason.LIFETIME_TOO_LONG, f"more than {longest:g} s")
