"""``exp``, ``nbf`` and ``iat``: finite numbers, held against the time with the issuer's skew."""

import pytest

from sidecar.core.claims import read, validate
from sidecar.core.reason import Reason, Refusal
from support.checks import decide
from support.requests import with_token
from support.tokens import ABSENT, NOW, claims, forge_payload
from support.trusts import issuer, trust

_NAMES = ("exp", "nbf", "iat")
_SKEW = 30


def _validate(now: float = NOW, /, **changes: object) -> Reason | None:
    try:
        validate(claims(**changes), issuer(clock_skew=float(_SKEW)), now)
    except Refusal as refusal:
        return refusal.reason
    return None


@pytest.mark.parametrize("name", _NAMES)
@pytest.mark.parametrize(
    "value",
    [str(int(NOW) + 5), "", "NaN", "inf", True, False, None, [], [int(NOW) + 5], {}, {"a": 1}],
    ids=repr,
)
def test_not_a_number(name: str, value: object) -> None:
    """A time that is a string, boolean, null, list or object is of the wrong form."""
    assert _validate(**{name: value}) is Reason.CLAIM_INVALID


@pytest.mark.parametrize("name", _NAMES)
@pytest.mark.parametrize(
    "value", [10**400, -(10**400), float("inf"), float("-inf"), float("nan")], ids=lambda n: str(n)[:9]
)
def test_not_finite(name: str, value: float) -> None:
    """A time that no double holds is of the wrong form, should the JSON reader ever let one through."""
    assert _validate(**{name: value}) is Reason.CLAIM_INVALID


@pytest.mark.parametrize("name", _NAMES)
@pytest.mark.parametrize("number", ["1" + "0" * 400, "1e400", "-1e400", "NaN", "Infinity", "-Infinity", "1" * 5000])
def test_numbers_beyond_json(name: str, number: str) -> None:
    """A whole check with such a number in the token ends in a denial for a malformed token."""
    payload = ",".join(f'"{key}":{value}' for key, value in {"exp": "1750000100", name: number}.items())
    token = forge_payload(f'{{"iss":"https://issuer.example","aud":"orders","sub":"a",{payload}}}'.encode())
    answer = decide(with_token(token), trust())
    assert (answer.status, answer.reason) == (401, "token_malformed")


@pytest.mark.parametrize(
    ("expires", "reason"),
    [
        (NOW - _SKEW, Reason.TOKEN_EXPIRED),
        (NOW - _SKEW + 0.999, Reason.TOKEN_EXPIRED),  # floored, as PyJWT does: a fraction never lengthens a life
        (NOW - _SKEW + 1, None),
        (0, Reason.TOKEN_EXPIRED),
        (-1, Reason.TOKEN_EXPIRED),
        (-0.5, Reason.TOKEN_EXPIRED),
        (-1e308, Reason.TOKEN_EXPIRED),
        (1e308, None),
    ],
)
def test_expiry(expires: float, reason: Reason | None) -> None:
    """A token is expired from ``exp`` plus skew on: that very moment is past (RFC 7519, section 4.1.4)."""
    assert _validate(exp=expires) is reason


@pytest.mark.parametrize("name", ["nbf", "iat"])
@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (NOW + _SKEW, None),
        (NOW + _SKEW + 0.001, Reason.TOKEN_NOT_YET_VALID),
        (NOW + _SKEW + 1, Reason.TOKEN_NOT_YET_VALID),
        (1e308, Reason.TOKEN_NOT_YET_VALID),
        (0, None),
        (-1.5, None),
        (ABSENT, None),
    ],
)
def test_start(name: str, start: object, reason: Reason | None) -> None:
    """A token is valid from ``nbf`` and ``iat`` minus skew on, that very moment included."""
    assert _validate(**{name: start}) is reason


def test_no_skew() -> None:
    """Without skew the very second of ``exp`` is past, and that of ``nbf`` is reached."""
    strict = issuer(clock_skew=0.0)
    validate(claims(nbf=NOW, exp=NOW + 1), strict, NOW)
    with pytest.raises(Refusal):
        validate(claims(exp=NOW), strict, NOW)


def test_expiry_is_required() -> None:
    """A token without ``exp`` is refused, also where the issuer requires no claim at all."""
    with pytest.raises(Refusal) as refused:
        validate(claims(exp=ABSENT), issuer(required_claims=frozenset()), NOW)
    assert refused.value.reason is Reason.CLAIM_MISSING


def test_an_integer_stays_exact() -> None:
    """Claims are read with integers as integers and fractions as floats."""
    assert read(b'{"exp":1750000000,"nbf":0.5}') == {"exp": 1_750_000_000, "nbf": 0.5}
