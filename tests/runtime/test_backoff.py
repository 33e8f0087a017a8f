"""When a child is started again."""

from hypothesis import given
from hypothesis import strategies as st

from sidecar.runtime.supervision.backoff import FIRST, LONGEST, LOOP, WELL, Backoff


def after(*runs: float) -> Backoff:
    """Return what is known after a child ran and ended so many times."""
    known = Backoff()
    for ran in runs:
        known = known.ended(ran)
    return known


def test_first_restart_is_at_once() -> None:
    """A process that was killed for no fault of its own is missed."""
    assert after(1000.0).delay(1.0) == 0.0
    assert after(0.1).delay(1.0) == 0.0


def test_delays_double_up_to_a_bound() -> None:
    """Each further start comes later, and none later than the longest."""
    delays = [after(*[0.1] * ends).delay(1.0) for ends in range(2, 14)]
    assert delays[:3] == [FIRST, 2 * FIRST, 4 * FIRST]
    assert delays == sorted(delays)
    assert delays[-1] == LONGEST


@given(st.integers(2, 100_000), st.floats(0, 1))
def test_half_is_chance(failures: int, chance: float) -> None:
    """Processes that died together do not come back together, however often they did."""
    known = Backoff(failures)
    assert known.delay(1.0) / 2 <= known.delay(chance) <= known.delay(1.0) <= LONGEST


def test_crash_loop() -> None:
    """Some ends in a row are a loop; a long run in between, or one under way, is none."""
    assert not after(*[0.1] * (LOOP - 1)).is_loop
    assert after(*[0.1] * LOOP).is_loop
    assert not after(*[0.1] * LOOP, WELL).is_loop
    assert after(*[0.1] * LOOP).recovered(WELL - 1).is_loop
    assert not after(*[0.1] * LOOP).recovered(WELL).is_loop
