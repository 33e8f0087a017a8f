"""How many verifiers there are to be, on scenarios: told the load second by second, and doing what is decided."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.sizing.decision import BUSY, HALF, WAIT, Pace, decide
from sidecar.sizing.look import Bounds, Look

BOUNDS = Bounds(1, 1, 8)
PACE = Pace()
#: Of a pool of two that is half busy, with two CPUs left.
CALM = Look(
    at=0.0,
    wanted=2,
    up=2,
    restarts=0,
    crash_loop=False,
    busy=1.0,
    wait_p99=0.0005,
    idle_cpus=2.0,
    cpus=8.0,
)


def _seconds(count: int, **members: Any) -> list[Look]:  # noqa: ANN401 - any field
    """Return a look for each of so many seconds, and the one before them."""
    return [replace(CALM, at=float(second), **members) for second in range(count + 1)]


def _size(looks: Sequence[Look], bounds: Bounds = BOUNDS) -> int:
    return decide(looks, bounds, PACE).size


@dataclass
class Pool:
    """A pool under a load of so many verifiers' work, on a machine; it does what is decided, after ``delay`` seconds.

    ``others`` are CPUs that everybody else takes.
    """

    size: int = 1
    cpus: float = 8.0
    others: float = 1.0
    delay: int = 1
    bounds: Bounds = BOUNDS
    looks: list[Look] = field(default_factory=list)
    up: int = 0

    def __post_init__(self) -> None:
        """All are there."""
        self.up = self.size
        self._later: list[int] = [self.size] * self.delay

    def second(self, load: float) -> int:
        """Go on for a second; return the size that was decided."""
        busy = min(load, self.up)
        self.looks.append(
            Look(
                at=float(len(self.looks)),
                wanted=self.size,
                up=self.up,
                restarts=0,
                crash_loop=False,
                busy=busy,
                wait_p99=None if not load else 0.02 if load > self.up else 0.0003,
                idle_cpus=max(0.0, self.cpus - self.others - busy),
                cpus=self.cpus,
            )
        )
        self.size = decide(self.looks[-80:], self.bounds, PACE).size
        self._later.append(self.size)
        self.up = self._later.pop(0)
        return self.size

    def run(self, seconds: int, load: Callable[[int], float]) -> list[int]:
        """Go on, and return all sizes."""
        return [self.second(load(second)) for second in range(seconds)]


def _changes(sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
    return ((old, new) for old, new in pairwise(sizes) if old != new)


def test_growing_takes_seconds() -> None:
    """A load for four and a half has six within half a minute, each step half as many again."""
    sizes = Pool().run(30, lambda _: 4.5)
    assert [new for _, new in _changes(sizes)] == [2, 3, 4, 6]


def test_shrinking_takes_minutes() -> None:
    """When the load is gone, one a minute goes, down to the least."""
    sizes = Pool(size=4).run(300, lambda _: 0.0)
    assert list(_changes(sizes)) == [(4, 3), (3, 2), (2, 1)]
    whole = [second for second, size in enumerate(sizes) if size == 3]
    assert len(whole) >= PACE.shrink


@settings(max_examples=50)
@given(st.floats(0, 8), st.integers(1, 8), st.integers(1, 5))
def test_the_same_load_never_undoes_what_it_did(load: float, size: int, delay: int) -> None:
    """Under a load that stays the same the pool goes one way, and then stays as it is."""
    pool = Pool(size=size, delay=delay)
    sizes = [size, *pool.run(600, lambda _: load)]
    directions = {new > old for old, new in _changes(sizes)}
    assert len(directions) <= 1
    assert len(set(sizes[-61:])) == 1


@settings(max_examples=30)
@given(st.lists(st.floats(0, 8), min_size=2, max_size=50), st.integers(1, 8))
def test_a_load_that_comes_again_within_a_minute_does_not_either(loads: list[float], size: int) -> None:
    """However it goes up and down in less than a minute: after the first minutes the pool goes one way, if any."""
    pool = Pool(size=size)
    pool.run(900, lambda second: loads[second % len(loads)])
    settled = pool.run(300, lambda second: loads[second % len(loads)])
    assert {new > old for old, new in _changes(settled)} in (set(), {True}, {False})


@given(st.lists(st.floats(0, 20), min_size=1, max_size=200), st.floats(0.5, 12), st.integers(1, 6), st.integers(0, 6))
def test_never_out_of_bounds_nor_above_the_cpus(loads: list[float], cpus: float, least: int, more: int) -> None:
    """Whatever the load is, there are as many as may be; more than CPUs only where the least is more."""
    bounds = Bounds(least, least, least + more)
    pool = Pool(size=least, cpus=cpus, bounds=bounds)
    sizes = pool.run(len(loads), lambda second: loads[second])
    assert all(bounds.least <= size <= bounds.most for size in sizes)
    assert all(size <= max(least, int(cpus)) for size in sizes)


def test_cpus_that_are_taken_away() -> None:
    """Where fewer CPUs may be used than there are verifiers, there are as many at once."""
    assert _size(_seconds(0, wanted=6, up=6, cpus=3.7)) == 3
    assert _size(_seconds(0, wanted=6, up=6, cpus=0.5), Bounds(2, 2, 8)) == 2


@pytest.mark.parametrize(
    ("busy", "wait", "size"),
    [
        (2 * BUSY, None, 3),
        (2 * BUSY - 0.01, None, 2),
        (2 * HALF, WAIT, 3),
        (2 * HALF - 0.01, 1.0, 2),
        (2 * BUSY - 0.01, WAIT * 0.9, 2),
    ],
)
def test_when_it_grows(busy: float, wait: float | None, size: int) -> None:
    """Where it is busy, or half busy while jobs wait; else not."""
    assert _size(_seconds(3, busy=busy, wait_p99=wait)) == size


@pytest.mark.parametrize(
    "members",
    [
        {"idle_cpus": 0.9},
        {"up": 1},
        {"crash_loop": True},
        {"cpus": 2.9},
    ],
)
def test_when_it_does_not_grow(members: dict[str, Any]) -> None:
    """Not without an idle CPU, nor while one is missing or ends again and again, nor to more than CPUs."""
    assert _size(_seconds(3, busy=2.0)) == 3
    assert _size(_seconds(3, busy=2.0, **members)) == 2


def test_a_verifier_that_ended_is_waited_for() -> None:
    """Where one was started again in these seconds it does not grow."""
    looks = _seconds(3, busy=2.0)
    assert _size([*looks[:-1], replace(looks[-1], restarts=1)]) == 2
    assert _size([replace(one, restarts=1) for one in looks]) == 3


def test_one_look_is_no_load() -> None:
    """A burst of a second changes nothing, nor do the first looks of a control process."""
    for count in (0, 1, 2):
        assert _size(_seconds(count, busy=2.0)) == 2
    quiet = _seconds(10, busy=0.9)
    assert _size([*quiet[:-1], replace(quiet[-1], busy=2.0)]) == 2


def test_idle_cpus_bound_the_step() -> None:
    """It grows by as many as there are idle CPUs at the most."""
    looks = _seconds(3, wanted=6, up=6, busy=6.0)
    assert _size(looks) == 8
    assert _size([replace(one, idle_cpus=1.5) for one in looks]) == 7


def test_one_busy_moment_in_a_minute_keeps_it() -> None:
    """It shrinks only if in every 3 s of the minute those that are left had been less than half busy."""
    looks = _seconds(61, busy=0.1)
    assert _size(looks) == 1
    peak = [replace(one, busy=0.6) if 20 <= one.at <= 22 else one for one in looks]
    assert _size(peak) == 2


def test_why() -> None:
    """Each change says why, in figures; where nothing changes nothing is said."""
    assert decide(_seconds(3, busy=2.0, wait_p99=0.008), BOUNDS, PACE).why == (
        "100% busy over 3 s, p99 queue wait 8 ms, 2.0 CPUs idle"
    )
    assert decide(_seconds(61, busy=0.1), BOUNDS, PACE).why == "at most 5% busy over 60 s"
    assert decide(_seconds(61, busy=1.2), BOUNDS, PACE).why == ""
