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
from sidecar.revocation.clock import PROBATION, SteadyClock
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
    keeper = Keeper(shared, KEY, HashPool(0), lambda: NOW)
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
        keeper = Keeper(shared, KEY, pool, lambda: NOW)
        stored = keeper.store(alone, [EndedAlike(ISSUER, Kind.JTI, values, ends), over])
        assert (stored.in_force, stored.over) == (number + 5, 1)
        assert all(
            is_denied(shared, one, one.ends_at - 1) and not is_denied(shared, one, one.ends_at)
            for one in (*alone, *others)
        )
        keeper.close()


def test_without_room(shared: Segment) -> None:
    """What there is room for is stored, what was there stays, cut-offs are tried all the same, and it is told."""
    keeper = Keeper(shared, KEY, HashPool(0), lambda: NOW)
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


def test_clock_that_jumps_ahead_erases_nothing(shared: Segment) -> None:
    """A year ahead and back again: what was revoked is so; only what stays ahead for an hour is believed."""
    clocks = Clocks()
    keeper = Keeper(shared, KEY, HashPool(0), SteadyClock(lambda: clocks.wall, lambda: clocks.monotonic))
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
    steady = SteadyClock(lambda: clocks.wall, lambda: clocks.monotonic)
    clocks.wait(10)
    assert steady() == clocks.wall
    clocks.wall -= 100
    assert steady() == clocks.wall
    for _ in range(10):
        clocks.wait(30)
        clocks.wall += 0.5
        assert steady() == clocks.wall
