"""The keeper of the list: entries one by one and in bulk, without room, and by a clock that jumps."""

import math
from collections.abc import Iterator

import numpy as np
import pytest

from sidecar.core.revocation import TAG_BYTES, Kind, Name, digest
from sidecar.memory import segment
from sidecar.memory.denylist import Denylist
from sidecar.memory.denylist_layout import DenylistFullError
from sidecar.memory.segment import Segment
from sidecar.revocation.clock import PROBATION, Memory, SteadyClock
from sidecar.revocation.keeper import Ended, EndedAlike, Keeper
from sidecar.verify.hashing.pool import HashPool
from support.tokens import ISSUER, NOW

KEY = b"k" * 32


@pytest.fixture
def shared() -> Iterator[Segment]:
    """Return memory for 1800 entries."""
    with segment.create(1 << 16) as made:
        yield made


def names(number: int, start: int = 0) -> list[Ended]:
    return [
        Ended(Name(ISSUER, Kind.JTI, f"t-{one}"), None, NOW + 600 + one % 3) for one in range(start, start + number)
    ]


def is_denied(shared: Segment, entry: Ended, now: float = NOW) -> bool:
    with Denylist(shared) as reader:
        return reader.contains(digest(KEY, entry.name), now)


@pytest.mark.parametrize("number", [1, 255, 256, 1000])
def test_stored_in_bulk_or_one_by_one(shared: Segment, number: int) -> None:
    """Every entry is found afterwards, up to its end, however many come together; what is over is counted as that."""
    keeper = Keeper(shared, KEY, HashPool(0), lambda _: lambda: NOW)
    cut_off = Ended(Name(ISSUER, Kind.ISSUED_BEFORE, "alice"), int(NOW), NOW + 50)
    never = Ended(Name(ISSUER, Kind.KEY, "k"), None, math.inf)
    over = Ended(Name(ISSUER, Kind.JTI, "over"), None, NOW)
    entries = [*names(number), cut_off, never, over]
    stored = keeper.store(entries)
    assert (stored.in_force, stored.over) == (number + 2, 1)
    assert all(
        is_denied(shared, one, one.ends_at - 1) and not is_denied(shared, one, one.ends_at) for one in names(number)
    )
    assert is_denied(shared, never, NOW + 1e9)
    with Denylist(shared) as reader:
        assert reader.number(digest(KEY, cut_off.name)[:TAG_BYTES], NOW + 49) == NOW
    assert keeper.room().entries == number + 2
    keeper.close()


@pytest.mark.parametrize("number", [1, 255, 256, 1000])
@pytest.mark.parametrize("workers", [0, 1])
def test_columns(shared: Segment, number: int, workers: int) -> None:
    """Entries in columns are found as those that stand alone are, few or many, hashed here or elsewhere."""
    alone, others = names(5), names(number, start=5)
    values = [one.name.value.encode() for one in others]
    ends = np.array([one.ends_at for one in others])
    over = EndedAlike(ISSUER, Kind.SESSION, ["ä".encode()], np.array([NOW]))
    with HashPool(workers, least_rows=1) as pool:
        keeper = Keeper(shared, KEY, pool, lambda _: lambda: NOW)
        stored = keeper.store(alone, [EndedAlike(ISSUER, Kind.JTI, values, ends), over])
        assert (stored.in_force, stored.over) == (number + 5, 1)
        assert all(
            is_denied(shared, one, one.ends_at - 1) and not is_denied(shared, one, one.ends_at)
            for one in (*alone, *others)
        )
        keeper.close()


def test_without_room(shared: Segment) -> None:
    """What there is room for is stored, what was there stays, cut-offs are tried all the same, and it is told."""
    keeper = Keeper(shared, KEY, HashPool(0), lambda _: lambda: NOW)
    room = keeper.room().capacity
    first = names(room - 300)
    cut_off = Ended(Name(ISSUER, Kind.ISSUED_BEFORE, ""), 5, NOW + 60)
    keeper.store([*first, cut_off])
    raised = cut_off._replace(before=9)
    with pytest.raises(DenylistFullError):
        keeper.store([*names(400, start=room), raised])
    assert keeper.room().is_full
    assert all(is_denied(shared, one) for one in first)
    assert sum(is_denied(shared, one) for one in names(400, start=room)) == 299
    with Denylist(shared) as reader:
        assert reader.number(digest(KEY, cut_off.name)[:TAG_BYTES], NOW) == 9
    keeper.close()


class Clocks:
    """Both clocks."""

    wall = NOW
    monotonic = 50.0

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.wall += seconds
        self.monotonic += seconds

    def keeper(self, shared: Segment) -> Keeper:
        """Return a new keeper that goes by them."""
        return Keeper(shared, KEY, HashPool(0), self.steady)

    def steady(self, memory: Memory) -> SteadyClock:
        """Return a new clock that goes by them."""
        return SteadyClock(lambda: self.wall, lambda: self.monotonic, memory)


class Remembered:
    """What clocks remember."""

    offset: float | None = None

    def recall(self) -> float | None:
        """Return it."""
        return self.offset

    def remember(self, offset: float) -> None:
        """Keep it."""
        self.offset = offset


def test_clock_that_jumps_ahead_erases_nothing(shared: Segment) -> None:
    """A year ahead and back again: what was revoked is so; only what stays ahead for an hour is believed."""
    clocks = Clocks()
    keeper = clocks.keeper(shared)
    entry = names(1)[0]
    keeper.store([entry])
    clocks.wall += 3e7
    for _ in range(5):
        clocks.wait(60)
        assert keeper.sweep() == 0
    clocks.wall -= 3e7
    assert is_denied(shared, entry, clocks.wall)
    assert keeper.sweep() == 0
    clocks.wall += 3e7
    assert keeper.sweep() == 0
    clocks.wait(PROBATION)
    assert keeper.sweep() == 1
    keeper.close()


def test_steady_clock_follows() -> None:
    """It goes with a clock that is set back, or drifts, and with time itself."""
    clocks = Clocks()
    steady = clocks.steady(Remembered())
    clocks.wait(10)
    assert steady() == clocks.wall
    clocks.wall -= 100
    assert steady() == clocks.wall
    for _ in range(10):
        clocks.wait(30)
        clocks.wall += 0.5
        assert steady() == clocks.wall


def test_clock_that_creeps_ahead() -> None:
    """Many small steps that are looked at often are no drift, and are believed as slowly as one that is."""
    clocks = Clocks()
    steady, began = clocks.steady(Remembered()), clocks.wall
    for _ in range(600):
        clocks.wait(1)
        clocks.wall += 0.9
        steady()
    assert steady() < began + 600 + 20


def test_clock_is_ahead_when_another_keeper_begins(shared: Segment) -> None:
    """Whoever takes over believes no more than who was killed did, however often: no entry goes before an hour."""
    clocks = Clocks()
    entry = names(1)[0]
    first = clocks.keeper(shared)
    first.store([entry])
    clocks.wall += 3e7
    for _ in range(3):
        clocks.wait(60)
        keeper = clocks.keeper(shared)
        assert keeper.sweep() == 0
        assert keeper.store([entry._replace(ends_at=NOW + 700)]).over == 0
    clocks.wall -= 3e7
    assert is_denied(shared, entry, clocks.wall)
    keeper = clocks.keeper(shared)
    clocks.wall += 3e7
    keeper.sweep()
    clocks.wait(PROBATION)
    assert keeper.sweep() == 1


@pytest.mark.parametrize("way", ["erased", "reused", "dropped", "dropped in bulk", "cut-off"])
def test_list_lacks_what_was_over(shared: Segment, way: str) -> None:
    """What a clock that was ahead erased or left out is missed once it is right, by the next keeper as well."""
    clocks = Clocks()
    clocks.wall -= 5
    keeper = clocks.keeper(shared)
    clocks.wall += 5
    if way in ("erased", "reused"):
        keeper.store(names(3 if way == "erased" else keeper.room().capacity - 1))
    clocks.wall += 3600
    keeper.lacks() if way == "reused" else keeper.sweep()
    clocks.wait(PROBATION)
    if way == "reused":
        for one in range(50):
            keeper.store([Ended(Name(ISSUER, Kind.SUBJECT, str(one)), None, math.inf)])
    elif way == "cut-off":
        keeper.lacks()
        keeper.store([Ended(Name(ISSUER, Kind.ISSUED_BEFORE, ""), 5, NOW + 3600)])
    else:
        keeper.sweep()
        keeper.store(names(300 if way == "dropped in bulk" else 1))
    assert not keeper.lacks()
    clocks.wall -= 2 * 3600
    assert keeper.lacks()
    keeper = clocks.keeper(shared)
    assert keeper.lacks()
    keeper.vouch(math.inf)
    keeper.disown()
    assert keeper.room().vouched_until == 0
    assert not keeper.lacks()
    clocks.wait(7200)
    keeper.sweep()
    clocks.wall -= 0.5
    assert not keeper.lacks()
