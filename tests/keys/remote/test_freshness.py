"""What an answer says about how long it is fresh, and what is made of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.keys.remote.freshness import fresh_seconds
from sidecar.keys.remote.schedule import LONGEST_RETRY, Pace, after_failure, after_success

_PACE = Pace(min_refresh=60.0, max_refresh=900.0, max_stale=86400.0, refetch_interval=10.0)


@pytest.mark.parametrize(
    ("cache_control", "age", "seconds"),
    [
        ("", "", None),
        ("public", "", None),
        ("s-maxage=10", "", None),
        ("max-age=300", "", 300.0),
        ("public, MAX-AGE = 300 , must-revalidate", "", 300.0),
        ('max-age="300"', "", 300.0),
        ("max-age=300", "100", 200.0),
        ("max-age=300", "400", 0.0),
        ("max-age=300", "-5", 300.0),
        ("no-store, max-age=300", "", 0.0),
        ("max-age=300, no-cache", "", 0.0),
        ("max-age=", "", 0.0),
        ("max-age=-1", "", 0.0),
        ("max-age=1e9", "", 0.0),
        ("max-age=99999999999999999999", "", 0.0),
        ('private="max-age=5", max-age=7', "", 7.0),
        (",,;;==", "", None),
    ],
)
def test_cache_control(cache_control: str, age: str, seconds: float | None) -> None:
    """As RFC 9111 has it; what cannot be read is stale (section 4.2.1)."""
    assert fresh_seconds({"cache-control": cache_control, "age": age}) == seconds


@given(st.text(max_size=200), st.text(max_size=20))
def test_any_header(cache_control: str, age: str) -> None:
    """No header leads to an error, nor to anything but a number that is not negative."""
    found = fresh_seconds({"cache-control": cache_control, "age": age})
    assert found is None or 0 <= found < 1e11


@given(st.none() | st.floats(0, 1e10), st.floats(0, 1))
def test_refresh_is_ahead_and_within_bounds(fresh: float | None, chance: float) -> None:
    """Ahead of the end, but never more often than ``min_refresh`` nor less than ``max_refresh`` allow, nearly."""
    due = after_success(fresh, _PACE, chance)
    assert 0.75 * _PACE.min_refresh <= due < _PACE.max_refresh
    if fresh is not None and fresh >= _PACE.min_refresh:
        assert due < fresh


@given(st.integers(1, 10**9), st.floats(0, 1))
def test_retries_back_off(failures: int, chance: float) -> None:
    """From half a second to a minute, and half of it is chance."""
    assert 0.5 <= after_failure(failures, _PACE, chance) <= LONGEST_RETRY
    assert after_failure(failures, _PACE, 0.0) == after_failure(failures, _PACE, 1.0) / 2


def test_retries_double() -> None:
    """Each further failure in a row doubles the wait, up to a minute."""
    assert [after_failure(failures, _PACE, 1.0) for failures in (1, 2, 3, 7, 50)] == [1.0, 2.0, 4.0, 60.0, 60.0]
