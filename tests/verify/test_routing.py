"""Which way a miss goes."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.verify.routing import Costs, Limits, Load, Mean, Route, lag_limit, route, threshold

LIMITS = Limits(batch_size_threshold=8, lag_seconds=0.005, wait_seconds=0.1)
LATE, ON_TIME = 0.0051, 0.005
CALM = Load(waiting=1, lag=0.0, queued=0, capacity=100, here=0, interval=0.01)


def costs(verify: float | None, handover: float | None) -> Costs:
    """Return costs as measured."""
    half = None if handover is None else handover / 2
    return Costs(Mean(verify), Mean(half), Mean(half))


NOTHING_MEASURED, EQUAL = costs(None, None), costs(40e-6, 40e-6)


@pytest.mark.parametrize("measured", [NOTHING_MEASURED, EQUAL], ids=["nothing measured", "equal"])
@pytest.mark.parametrize(
    ("load", "way"),
    [
        (CALM, Route.INLINE),
        (replace(CALM, waiting=7, lag=ON_TIME), Route.INLINE),
        (replace(CALM, waiting=8), Route.POOL),
        (replace(CALM, waiting=8, queued=99), Route.POOL),
        (replace(CALM, lag=LATE), Route.POOL),
        (replace(CALM, waiting=8, lag=LATE), Route.POOL),
        (replace(CALM, waiting=8, queued=100), Route.INLINE),
        (replace(CALM, queued=100), Route.INLINE),
        (replace(CALM, waiting=8, lag=LATE, queued=100, here=9), Route.INLINE),
        (replace(CALM, waiting=8, lag=LATE, queued=100, here=11), Route.SHED),
        (replace(CALM, lag=1.0, capacity=0), Route.INLINE),
        (replace(CALM, waiting=8, capacity=0), Route.INLINE),
        (replace(CALM, waiting=1000, here=999, interval=0.0001, capacity=0), Route.INLINE),
        (replace(CALM, waiting=1002, here=1001, interval=0.0001, capacity=0), Route.SHED),
    ],
)
def test_ways(load: Load, way: Route, measured: Costs) -> None:
    """Few and on time, inline; many or a late loop, the pool; that full, inline again, and too many of these, shed."""
    assert route(load, LIMITS, measured) is way


@pytest.mark.parametrize(
    ("verify", "handover", "expected"),
    [
        (40e-6, 40e-6, 8),
        (80e-6, 40e-6, 4),
        (20e-6, 40e-6, 16),
        (1.0, 40e-6, 2),
        (1e-9, 40e-6, 64),
        (None, 40e-6, 8),
        (40e-6, None, 8),
        (0.0, 40e-6, 8),
    ],
)
def test_threshold_follows_costs(verify: float | None, handover: float | None, expected: int) -> None:
    """The dearer verifying is beside handing over, the fewer misses it takes for the pool, within bounds."""
    assert threshold(LIMITS, costs(verify, handover)) == expected


def test_slow_verifications_are_no_lag() -> None:
    """A loop that is late by a few slow verifications does not lag yet."""
    slow = costs(0.002, 40e-6)
    assert lag_limit(LIMITS, slow) == 0.016
    assert lag_limit(LIMITS, EQUAL) == 0.005
    assert route(replace(CALM, lag=0.015), LIMITS, slow) is Route.INLINE
    assert route(replace(CALM, lag=0.017), LIMITS, slow) is Route.POOL


_SECONDS = st.floats(0, 1) | st.none()
_LOADS = st.builds(
    Load,
    st.integers(1, 500),
    st.floats(0, 1),
    st.integers(0, 200),
    st.integers(0, 200),
    st.integers(0, 500),
    st.floats(0, 1),
)


@given(_LOADS, st.integers(1, 500), _SECONDS, _SECONDS)
def test_for_any_load(load: Load, batch: int, verify: float | None, handover: float | None) -> None:
    """Nothing goes to a full pool, nothing is shed while nobody waits here, and a lone miss is verified here."""
    limits, measured = Limits(batch), costs(verify, handover)
    way, on_time = route(load, limits, measured), load.lag <= lag_limit(limits, measured)
    full = load.queued >= load.capacity
    assert not (way is Route.POOL and full)
    assert not (way is Route.SHED and load.here == 0)
    if load.waiting == 1 and on_time and load.here == 0:
        assert way is Route.INLINE


def test_mean() -> None:
    """A mean starts with the first measurement, follows the others slowly, and no outlier carries it away."""
    mean = Mean()
    for odd in (-1.0, math.nan, math.inf):
        mean.add(odd)
        assert mean.seconds is None
    mean.add(0.0)
    mean.add(16.0)
    assert mean.seconds == 16.0
    mean.add(32.0)
    assert mean.seconds == 17.0
    mean.add(1e9)
    assert mean.seconds == 17.0 + 7 * 17.0 / 16
    for _ in range(1000):
        mean.add(2.0)
    assert mean.seconds == pytest.approx(2.0)


def test_handover_has_two_parts() -> None:
    """Handing over is sending and taking; before both were measured nothing is known of it."""
    measured = Costs()
    measured.send.add(1.0)
    assert measured.handover is None
    measured.take.add(2.0)
    assert measured.handover == 3.0
