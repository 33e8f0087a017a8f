"""How busy pools and machine were, from samples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.observe.pool_series import Pool
from sidecar.observe.usage import WINDOW, Sample, Usage

NOTHING = dict.fromkeys(Pool, 0.0)


def _samples(*busy: float, every: float = 5.0) -> Usage:
    usage = Usage()
    for number, seconds in enumerate(busy):
        machine = int(seconds * 100), int(number * every * 100)
        usage.note(Sample(1000 + number * every, NOTHING | {Pool.VERIFIER: seconds}, *machine))
    return usage


@pytest.mark.parametrize("busy", [(), (3.0,)])
def test_nothing_is_known_before_two_samples(busy: tuple[float, ...]) -> None:
    """One sample says how much there ever was, and nothing of lately."""
    usage = _samples(*busy)
    assert usage.of(Pool.VERIFIER, 1) is None
    assert usage.machine_percent is None


def test_share_of_the_time() -> None:
    """It is what was worked of the time that all processes had; of a pool without any it is not known."""
    usage = _samples(100.0, 101.0, 105.0)
    assert usage.of(Pool.VERIFIER, 1) == pytest.approx(0.5)
    assert usage.of(Pool.VERIFIER, 2) == pytest.approx(0.25)
    assert usage.of(Pool.MINTER, 1) == 0
    assert usage.of(Pool.VERIFIER, 0) is None


def test_machine() -> None:
    """Of the machine it is what was not idle, in percent; where the system does not tell it is not known."""
    usage = Usage()
    usage.note(Sample(0.0, NOTHING, 1000, 5000))
    usage.note(Sample(5.0, NOTHING, 1300, 6000))
    assert usage.machine_percent == pytest.approx(30)
    unknown = Usage()
    for at in (0.0, 5.0):
        unknown.note(Sample(at, NOTHING))
    assert unknown.machine_percent is None


def test_only_the_last_seconds_count() -> None:
    """What was before the window does not matter any more."""
    usage = _samples(0.0, 5.0, 10.0, 10.0, 10.0, 10.0, 10.0)
    assert usage.of(Pool.VERIFIER, 1) == 0
    assert len(usage._samples) == 1 + WINDOW / 5


@given(st.lists(st.tuples(st.floats(0.001, 60), st.floats(0, 1e6)), max_size=20), st.integers(0, 8))
def test_it_is_a_share(steps: list[tuple[float, float]], processes: int) -> None:
    """Whatever is counted when, it is from 0 to 1."""
    usage, at, busy = Usage(), 0.0, 0.0
    for seconds, more in steps:
        at, busy = at + seconds, busy + more
        usage.note(Sample(at, NOTHING | {Pool.HOOK: busy}, int(busy), int(at * 100) + 1))
        share, percent = usage.of(Pool.HOOK, processes), usage.machine_percent
        assert share is None or 0 <= share <= 1
        assert percent is None or 0 <= percent <= 100
