"""What is on the denylist, and for how long."""

import math
import struct
import subprocess
import sys

import pytest

from memory.denylists import LATER, NOW, SMALLEST, denylist, digest, place_of
from sidecar.memory import segment
from sidecar.memory.denylist import Denylist
from sidecar.memory.denylist_layout import NEVER, DenylistFullError, budget, coarse, geometry
from sidecar.memory.denylist_writer import DenylistCounts, DenylistWriter


def test_added_is_found_and_nothing_else() -> None:
    """What was added is found by every reader at once, and nothing that was not."""
    with denylist() as (writer, reader, _):
        assert writer.add(digest(1), LATER, NOW)
        assert reader.contains(digest(1), NOW)
        assert writer.contains(digest(1), NOW)
        assert not any(reader.contains(digest(number), NOW) for number in range(2, 2000))


def test_every_bit_counts() -> None:
    """A digest that differs in any one bit is not on the list, its bucket being the same or not."""
    with denylist() as (writer, reader, _):
        writer.add(digest(1), LATER, NOW)
        number = int.from_bytes(digest(1), "big")
        assert not any(reader.contains((number ^ 1 << bit).to_bytes(16, "big"), NOW) for bit in range(128))


@pytest.mark.parametrize("length", [0, 4, 15, 17, 48])
def test_digest_of_another_length_is_an_error(length: int) -> None:
    """A digest that is not of 16 bytes is a programming error, told at once, even where the list is empty."""
    with denylist() as (writer, reader, _):
        with pytest.raises(struct.error):
            reader.contains(bytes(length), NOW)
        with pytest.raises(struct.error):
            writer.add(bytes(length), LATER, NOW)


@pytest.mark.parametrize(("expires_at", "last"), [(NOW + 1, NOW + 0.5), (NOW + 0.25, NOW + 0.75), (math.inf, 2.0**40)])
def test_in_force_up_to_its_expiry(expires_at: float, last: float) -> None:
    """An entry is in force up to its expiry, rounded up to a second, and not from then on; infinity never ends."""
    with denylist() as (writer, reader, _):
        writer.add(digest(1), expires_at, NOW)
        assert reader.contains(digest(1), last) is (expires_at < math.inf or last < NEVER)
        assert not reader.contains(digest(1), coarse(expires_at))


def test_expiries_are_rounded_up() -> None:
    """What cannot be kept exactly is kept longer, and what is beyond 32 bits for ever."""
    expected = {0.0: 0, -5.0: 0, 0.1: 1, NOW: NOW, NOW + 0.001: NOW + 1, 2.0**32: NEVER, math.inf: NEVER}
    assert {value: coarse(value) for value in expected} == expected
    with pytest.raises(ValueError, match="not a number"):
        coarse(math.nan)


@pytest.mark.parametrize("expires_at", [NOW, NOW - 1, -math.inf])
def test_nothing_is_added_that_is_over(expires_at: float) -> None:
    """What is over already is not added, and does not end what is in force."""
    with denylist() as (writer, reader, _):
        assert not writer.add(digest(1), expires_at, NOW)
        assert reader.is_empty
        writer.add(digest(1), LATER, NOW)
        assert not writer.add(digest(1), expires_at, NOW)
        assert reader.contains(digest(1), NOW)


def test_nothing_shortens_an_entry() -> None:
    """Adding again can make an entry last longer, and never shorter."""
    with denylist() as (writer, reader, _):
        for expires_at, last in ((NOW + 10, NOW + 9), (NOW + 5, NOW + 9), (NOW + 20, NOW + 19)):
            assert writer.add(digest(1), expires_at, NOW)
            assert reader.contains(digest(1), last)
        assert writer.counts(NOW).entries == 1


def test_as_many_as_its_capacity() -> None:
    """A list takes as many entries as it says; one more is an error that says so, and all stay."""
    with denylist() as (writer, reader, shared):
        capacity = writer.measures.capacity
        for number in range(capacity):
            writer.add(digest(number), LATER, NOW)
        before = shared.memory[:]
        with pytest.raises(DenylistFullError, match=f"all {capacity} entries"):
            writer.add(digest(capacity), LATER, NOW)
        assert shared.memory[:] == before
        assert all(reader.contains(digest(number), NOW) for number in range(capacity))
        assert writer.add(digest(3), LATER + 5, NOW)  # needs no room
        assert writer.counts(NOW) == DenylistCounts(capacity, 0, capacity, capacity / 189, capacity + 1)


def test_crowded_home_overflows() -> None:
    """Entries of one home go into the buckets after it, round the end, and are found; its neighbours' too."""
    with denylist() as (writer, reader, _):
        crowd = [digest(number, home=61) for number in range(30)]
        neighbours = [digest(number, home=home) for number, home in enumerate((60, 61, 62, 0, 1, 7), 100)]
        for entry in crowd + neighbours:
            writer.add(entry, LATER, NOW)
        assert all(reader.contains(entry, NOW) for entry in crowd + neighbours)
        assert not any(reader.contains(digest(number, home=61), NOW) for number in range(1000, 1100))


def test_one_home_takes_the_whole_shard() -> None:
    """Even if all digests had one home, a small list takes as many as its capacity."""
    with denylist() as (writer, reader, _):
        crowd = [digest(number, home=5) for number in range(writer.measures.capacity)]
        for entry in crowd:
            writer.add(entry, LATER, NOW)
        assert all(reader.contains(entry, NOW) for entry in crowd)


def test_too_far_from_home_is_full() -> None:
    """In a large list, an entry that finds no place within 256 buckets of its home is refused, and nothing is lost."""
    with denylist(64 * 1025) as (writer, reader, _):
        crowd = [digest(number, home=5) for number in range(3 * 256 + 1)]
        for entry in crowd[:-1]:
            writer.add(entry, LATER, NOW)
        with pytest.raises(DenylistFullError, match="256 buckets"):
            writer.add(crowd[-1], LATER, NOW)
        assert all(reader.contains(entry, NOW) for entry in crowd[:-1])


def test_full_list_reuses_what_is_over() -> None:
    """Where a list is full of what is over, there is room."""
    with denylist() as (writer, reader, _):
        capacity = writer.measures.capacity
        for number in range(capacity):
            writer.add(digest(number), LATER if number % 2 else NOW + 1, NOW)
        assert writer.add(digest(capacity), LATER, NOW + 1)
        assert writer.counts(NOW + 1).entries <= capacity
        assert reader.contains(digest(capacity), NOW + 1)
        assert all(reader.contains(digest(number), NOW + 1) is bool(number % 2) for number in range(capacity))


def test_sweep_erases_what_is_over() -> None:
    """A sweep erases all that is over, digests included, and nothing else."""
    with denylist() as (writer, reader, shared):
        writer.add(digest(1), NOW + 1, NOW)
        writer.add(digest(2), LATER, NOW)
        writer.add(digest(3), math.inf, NOW)
        assert writer.sweep(NOW) == 0
        assert writer.counts(NOW + 1).expired == 1
        assert writer.sweep(NOW + 1) == 1
        assert writer.sweep(NOW + 1) == 0
        assert shared.memory.find(digest(1)) == -1
        assert reader.contains(digest(2), NOW + 1)
        assert writer.sweep(LATER) == 1
        assert reader.contains(digest(3), LATER)
        assert writer.counts(LATER).entries == 1


def test_look_ups_get_short_again() -> None:
    """When what overflowed is gone, its home's reach goes back, and no farther than to what is still there."""
    with denylist() as (writer, reader, shared):
        crowd = [digest(number, home=5) for number in range(9)]
        for number, entry in enumerate(crowd):
            writer.add(entry, LATER if number in (0, 4) else NOW + 1, NOW)
        reach = geometry(shared.size).place(5) + 60
        assert shared.memory[reach] == 2
        writer.sweep(NOW + 1)
        assert shared.memory[reach] == 1
        assert [reader.contains(entry, NOW + 1) for entry in crowd] == [number in (0, 4) for number in range(9)]


def test_entries_do_not_move() -> None:
    """Whatever is added and swept, an entry stays where it is until its time is over."""
    with denylist() as (writer, _, shared):
        writer.add(digest(0), LATER, NOW)
        place = place_of(shared, digest(0))
        for number in range(1, 400):
            writer.add(digest(number), NOW + number // 4 + 1, NOW + number // 4)
            assert place_of(shared, digest(0)) == place


def test_epoch_tells_of_every_addition() -> None:
    """The epoch is 0 as long as nothing was added; it changes with whatever is, and with nothing else."""
    with denylist() as (writer, reader, _):
        assert (reader.epoch, reader.is_empty) == (0, True)
        seen = [reader.epoch]
        for entry, expires_at in ((digest(1), NOW + 1), (digest(1), NOW + 5), (digest(2), LATER)):
            writer.add(entry, expires_at, NOW)
            seen.append(reader.epoch)
        assert len(set(seen)) == 4
        writer.add(digest(3), NOW, NOW)
        writer.sweep(NOW + 5)
        assert reader.epoch == seen[-1]


def test_look_up_is_of_all_and_says_the_epoch() -> None:
    """Several digests are looked up in one go, together with the epoch up to which the answer holds."""
    with denylist() as (writer, reader, _):
        assert reader.look_up([digest(1), digest(2)], NOW) == (False, 0)
        writer.add(digest(2), LATER, NOW)
        assert reader.look_up([digest(1), digest(2)], NOW) == (True, reader.epoch)
        assert reader.look_up([digest(1), digest(3)], NOW) == (False, reader.epoch)
        assert reader.look_up([], NOW) == (False, reader.epoch)


def test_empty_again() -> None:
    """When all is over and swept the list is empty, and nothing needs to be looked up."""
    with denylist() as (writer, reader, _):
        seen = [reader.is_empty]
        writer.add(digest(1), NOW + 1, NOW)
        seen.append(reader.is_empty)
        writer.sweep(NOW + 1)
        assert [*seen, reader.is_empty] == [True, False, True]
        assert not reader.contains(digest(1), NOW)


@pytest.mark.parametrize("entries", [1, 100, 1000, 54_321, 1_000_000])
def test_budget_is_enough_and_not_much_more(entries: int) -> None:
    """A list made for so many entries has room for them, and takes at most 40 bytes for each, but for a few KiB."""
    measures = geometry(budget(entries))
    assert measures.capacity >= entries
    assert budget(entries) <= 40 * entries + 8192
    assert 64 * (measures.buckets + 1) <= budget(entries)


def test_too_small_is_refused() -> None:
    """Less than a header and a bucket is no list."""
    with pytest.raises(ValueError, match="too few"):
        geometry(127)


def test_released_before_the_segment() -> None:
    """A list that is closed, twice even, lets the segment be closed."""
    shared = segment.create(SMALLEST)
    writer, reader = DenylistWriter(shared), Denylist(shared)
    writer.add(digest(1), LATER, NOW)
    for held in (reader, reader, writer):
        held.close()
    shared.close()


def test_readers_do_without_numpy() -> None:
    """A process that only reads does not pay for numpy."""
    program = "import sys, sidecar.memory.denylist; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - our own interpreter
    assert done.stdout == "False\n"
