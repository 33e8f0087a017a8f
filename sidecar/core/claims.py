"""The registered claims of a JWT (RFC 7519, section 4.1), held against what its issuer was trusted for.

Times are NumericDate: seconds since the epoch, integer or not. Claims are looked at twice, before the signature is
checked (an expired token costs no cryptography) and after it (time has passed).
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

from sidecar.core.binding import Confirmation, confirmation_of
from sidecar.core.reason import Reason, Refusal
from sidecar.core.strict_json import Json, JsonError, loads_object
from sidecar.core.trust import Issuer

Claims = Mapping[str, Json]

#: Seconds since the epoch, and a finite number: of a token whose issuer names no end, and is asked again and again.
_NEVER = 2.0**53
#: Characters of a ``sub``, ``jti`` or ``sid``: as many as an entry of the denylist may name.
LONGEST_NAME = 2048
#: A double holds every integer up to here.
_EXACT = 2**53
_NO_SCOPES: frozenset[str] = frozenset()


class Times(NamedTuple):
    """The times of a token, in seconds since the epoch; ``None`` for those it does not have."""

    expires: float | None
    not_before: float | None
    issued: float | None


class Validated(NamedTuple):
    """What claims came to that were held against an issuer; but for the time that does not change any more."""

    audiences: tuple[str, ...]
    scopes: frozenset[str]
    confirmation: Confirmation | None
    times: Times


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


def validate(claims: Claims, issuer: Issuer, now: float, optional: frozenset[str] = frozenset()) -> Validated:
    """Hold ``claims`` against ``issuer`` at the time ``now`` (seconds since the epoch); raises ``Refusal``.

    ``optional``: those of ``aud`` and ``exp`` that may be missing, where whoever vouches for them has looked already.
    """
    for name in issuer.required_names:
        if claims.get(name) is None:
            raise Refusal(Reason.CLAIM_MISSING, name)
    _check_names(claims)
    confirmation = confirmation_of(claims, issuer.bound)
    found = scopes(claims)
    meant_for = _check_audience(claims, issuer, must="aud" not in optional)
    times = times_of(claims)
    check_times(times, issuer, now, ends="exp" not in optional)
    return Validated(meant_for, found, confirmation, times)


def _check_names(claims: Claims) -> None:
    """Refuse what nobody could revoke by the names in it."""
    names: list[tuple[str, str]] = []
    for name in ("sub", "jti"):
        if name in claims:
            value = claims[name]
            if not (isinstance(value, str) and value):
                raise Refusal(Reason.CLAIM_INVALID, f"{name} is not a string with content")
            names.append((name, value))
    if claims.get("sid") is not None:
        session = session_of(claims)
        if not session:
            # 1.0 and 1e0 are one number, and two texts.
            raise Refusal(Reason.CLAIM_INVALID, "sid is neither a string with content nor a whole number")
        names.append(("sid", session))
    for name, value in names:
        if len(value) > LONGEST_NAME:
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
    if isinstance(value, str):
        return (value,)
    strings = tuple(member for member in value if isinstance(member, str)) if isinstance(value, list) else ()
    if not isinstance(value, list) or len(strings) != len(value):
        raise Refusal(Reason.CLAIM_INVALID, "aud is not a string or a list of strings")
    return strings


def scopes(claims: Claims) -> frozenset[str]:
    """Return the scopes of ``scope`` (RFC 8693, section 4.2) and ``scp`` (as Entra and Okta have it).

    Raises ``Refusal`` for a list with a member that has a space: it is one scope here, and joined with the others in a
    header it would be two.
    """
    found: list[str] = []
    for name in ("scope", "scp"):
        value = claims.get(name)
        if isinstance(value, str):
            found += value.split(" ")
        elif isinstance(value, list):
            texts = [member for member in value if isinstance(member, str)]
            if any(" " in text for text in texts):
                raise Refusal(Reason.CLAIM_INVALID, f"{name} has a scope with a space")
            found += texts
    return frozenset(filter(None, found)) if found else _NO_SCOPES


def time_claim(claims: Claims, name: str) -> float | None:
    """Return a NumericDate claim, or ``None`` where it is absent; raises ``Refusal`` for what is no finite number."""
    if name not in claims:
        return None
    value = claims[name]
    if type(value) is int and -_EXACT < value < _EXACT:  # as almost always, and no bool
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refusal(Reason.CLAIM_INVALID, f"{name} is not a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Refusal(Reason.CLAIM_INVALID, f"{name} is out of range")
    return number


def times_of(claims: Claims) -> Times:
    """Return the times in ``claims``; raises ``Refusal``."""
    return Times(time_claim(claims, "exp"), time_claim(claims, "nbf"), time_claim(claims, "iat"))


def validity(times: Times, issuer: Issuer) -> tuple[float, float]:
    """Return from when on, and before when, claims that were validated are good as far as time goes.

    The lifetime does not narrow it: where it is counted from now, a token only comes nearer to its end. Raises
    ``Refusal`` where there is no end.
    """
    expires, not_before, issued = times
    if expires is None:
        raise Refusal(Reason.CLAIM_MISSING, "exp")
    begins = max(-math.inf if not_before is None else not_before, -math.inf if issued is None else issued)
    return begins - issuer.clock_skew, math.floor(expires) + issuer.clock_skew


def _check_audience(claims: Claims, issuer: Issuer, *, must: bool) -> tuple[str, ...]:
    found = audiences(claims)
    if issuer.audiences is None:
        return found
    if claims.get("aud") is None:
        if must:
            raise Refusal(Reason.CLAIM_MISSING, "aud")
        return found
    if issuer.audiences.isdisjoint(found):
        raise Refusal(Reason.WRONG_AUDIENCE, "aud names none of the configured audiences")
    return found


def check_times(times: Times, issuer: Issuer, now: float, *, ends: bool = True) -> None:
    """Hold times against the clock; raises ``Refusal``. ``ends``: whether there must be an end."""
    expires, not_before, issued = times
    if expires is None and not ends:
        expires = _NEVER
    if expires is None:
        # A token that never ends could never be waited out, neither by a cache nor by a denylist.
        raise Refusal(Reason.CLAIM_MISSING, "exp")
    # INVARIANT: each comparison must hold to let the token go on, so that a clock that is NaN refuses.
    if not math.floor(expires) > now - issuer.clock_skew:
        raise Refusal(Reason.TOKEN_EXPIRED, "exp is past")
    latest = now + issuer.clock_skew
    if not_before is not None and not not_before <= latest:
        raise Refusal(Reason.TOKEN_NOT_YET_VALID, "nbf is ahead")
    if issued is not None and not issued <= latest:
        raise Refusal(Reason.TOKEN_NOT_YET_VALID, "iat is ahead")
    if issuer.max_lifetime is not None:
        _check_lifetime(expires, issued, issuer, issuer.max_lifetime, now)


def _check_lifetime(expires: float, issued: float | None, issuer: Issuer, longest: float, now: float) -> None:
    begins = now + issuer.clock_skew if issued is None else issued
    if not expires - begins <= longest:
        raise Refusal(Reason.LIFETIME_TOO_LONG, f"more than {longest:g} s")
