"""The longest lifetime an issuer's tokens may have."""

import pytest

from sidecar.core.claims import validate
from sidecar.core.reason import Reason, Refusal
from support.tokens import ABSENT, NOW, claims
from support.trusts import issuer

_LONGEST = 300
_SKEW = 30


def _reason(issued: object, expires: float, longest: float | None = _LONGEST) -> Reason | None:
    try:
        validate(claims(iat=issued, exp=expires), issuer(clock_skew=float(_SKEW), max_lifetime=longest), NOW)
    except Refusal as refusal:
        return refusal.reason
    return None


@pytest.mark.parametrize(
    ("issued", "expires", "reason"),
    [
        (NOW, NOW + _LONGEST, None),
        (NOW, NOW + _LONGEST + 0.5, Reason.LIFETIME_TOO_LONG),
        (NOW - 100, NOW + _LONGEST - 100, None),
        (NOW - 100, NOW + _LONGEST - 99, Reason.LIFETIME_TOO_LONG),
        (NOW + _SKEW, NOW + _SKEW + _LONGEST, None),
        (-1e308, NOW + 1, Reason.LIFETIME_TOO_LONG),
        (-1e308, 1e308, Reason.LIFETIME_TOO_LONG),
        (NOW, 1e308, Reason.LIFETIME_TOO_LONG),
    ],
)
def test_from_issue_to_expiry(issued: float, expires: float, reason: Reason | None) -> None:
    """With ``iat`` the lifetime is from there to ``exp``; the longest allowed is allowed."""
    assert _reason(issued, expires) is reason


@pytest.mark.parametrize(
    ("expires", "reason"),
    [
        (NOW + _LONGEST, None),
        (NOW + _LONGEST + _SKEW, None),
        (NOW + _LONGEST + _SKEW + 1, Reason.LIFETIME_TOO_LONG),
        (1e308, Reason.LIFETIME_TOO_LONG),
    ],
)
def test_without_issue_time(expires: float, reason: Reason | None) -> None:
    """Without ``iat`` what is left of the lifetime counts, with the skew in the token's favour."""
    assert _reason(ABSENT, expires) is reason


def test_a_claimed_issue_time_ahead_does_not_stretch_it() -> None:
    """An ``iat`` beyond the skew is refused, so nobody gets a longer life by a later beginning."""
    assert _reason(NOW + 1000, NOW + 1000 + _LONGEST) is Reason.TOKEN_NOT_YET_VALID


def test_no_limit() -> None:
    """Without a limit any lifetime will do."""
    assert _reason(0, 1e308, longest=None) is None
