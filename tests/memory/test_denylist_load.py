"""Many entries at once, by one process or by several."""

import math
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest

from memory.denylists import LATER, NOW, denylist, digest, environment, rows, until
from sidecar.memory import segment
from sidecar.memory.denylist_fill import fill
from sidecar.memory.denylist_layout import NEVER, DenylistFullError
from sidecar.memory.denylist_writer import coarse_all

#: 4 shards, and how many are loaded into them.
LARGE, ENTRIES = 64 * (4 * 1024 + 64), 7000
PROGRAM = Path(__file__).parent / "programs" / "fill_denylist.py"


def test_loaded_are_found() -> None:
    """What is loaded into a list, to its very capacity, is found, and nothing else is."""
    with denylist(LARGE) as (writer, reader, _):
        capacity = writer.measures.capacity
        known = [digest(number) for number in range(capacity)]
        assert writer.load(rows(known), until(*[LATER] * capacity), NOW) == capacity
        assert all(reader.contains(entry, NOW) for entry in known)
        assert not any(reader.contains(digest(number), NOW) for number in range(capacity, 2 * capacity))
        assert writer.counts(NOW).entries == capacity
        assert writer.load(rows(known), until(*[LATER] * capacity), NOW) == 0


def test_loading_is_as_adding() -> None:
    """Loading on top of what was added keeps all, with the later of two expiries, however often a digest comes."""
    with denylist() as (writer, reader, _):
        writer.add(digest(1), NOW + 10, NOW)
        writer.add(digest(2), NOW + 50, NOW)
        many = [digest(1), digest(2), digest(3), digest(3), digest(3), digest(4)]
        added = writer.load(rows(many), until(NOW + 30, NOW + 30, NOW + 5, NOW + 40, NOW + 20, NOW), NOW)
        assert added == 1  # 3; 4 is over
        ends = {1: 30, 2: 50, 3: 40}
        assert all(reader.contains(digest(number), NOW + end - 1) for number, end in ends.items())
        assert not any(reader.contains(digest(number), NOW + end) for number, end in ends.items())
        assert not reader.contains(digest(4), NOW - 1)


def test_digests_that_differ_little() -> None:
    """Digests that differ in one bit are each on the list; equal ones among them are one, with the latest expiry."""
    number = int.from_bytes(digest(1), "big")
    many = [(number ^ 1 << bit).to_bytes(16, "big") for bit in range(96)]  # not the home's
    with denylist() as (writer, reader, _):
        ends = [NOW + 1 + turn % 7 for turn in range(192)]
        assert writer.load(rows(many + many), until(*ends), NOW) == 96
        for turn, one in enumerate(many):
            end = max(ends[turn], ends[turn + 96])
            assert [reader.contains(one, end - 1), reader.contains(one, end)] == [True, False]


def test_crowded_homes_overflow() -> None:
    """Entries of a few homes are loaded into the buckets after them, round the end of the shard."""
    with denylist() as (writer, reader, _):
        crowd = [digest(number, home=60 + number % 3) for number in range(writer.measures.capacity)]
        writer.load(rows(crowd[:50]), until(*[LATER] * 50), NOW)
        writer.load(rows(crowd), until(*[LATER] * len(crowd)), NOW)
        assert all(reader.contains(entry, NOW) for entry in crowd)
        assert writer.counts(NOW).entries == len(crowd)


def test_overflow_stays_in_its_shard() -> None:
    """What overflows at the end of a shard goes round to its beginning, not into the next one."""
    with denylist(LARGE) as (writer, reader, shared):
        size = writer.measures.shard_buckets
        crowd = [digest(number, home=size - 1) for number in range(300)]
        writer.load(rows(crowd), until(*[LATER] * 300), NOW)
        assert all(reader.contains(entry, NOW) for entry in crowd)
        assert not any(shared.memory[64 * (size + 1) :])


def test_too_many_are_refused_as_a_whole() -> None:
    """Where not all have room none is loaded, and what was there stays."""
    with denylist() as (writer, reader, _):
        room = writer.measures.capacity - 1
        writer.add(digest(0), LATER, NOW)
        many = [digest(number) for number in range(1, room + 2)]
        with pytest.raises(DenylistFullError, match=f"{room + 1} new entries, and the denylist has room for {room}"):
            writer.load(rows(many), until(*[LATER] * len(many)), NOW)
        assert [writer.counts(NOW).entries, reader.contains(digest(0), NOW)] == [1, True]
        assert writer.load(rows(many[1:]), until(*[LATER] * room), NOW) == room


def test_no_place_near_home_is_full() -> None:
    """A row that finds no place within 256 buckets of home is an error; all that found one are in force."""
    with denylist(LARGE) as (writer, reader, _):
        crowd = [digest(number, home=5) for number in range(3 * 256 + 1)]
        with pytest.raises(DenylistFullError, match="256 buckets of 1 entries"):
            writer.load(rows(crowd), until(*[LATER] * len(crowd)), NOW)
        assert sum(reader.contains(entry, NOW) for entry in crowd) == 3 * 256


def test_what_is_over_makes_room() -> None:
    """Entries that are over do not keep others out."""
    with denylist() as (writer, reader, _):
        capacity = writer.measures.capacity
        old, new = ([digest(number) for number in range(start, start + capacity)] for start in (0, 1000))
        writer.load(rows(old), until(*[NOW + 1] * capacity), NOW)
        assert writer.load(rows(new), until(*[LATER] * capacity), NOW + 1) == capacity
        assert all(reader.contains(entry, NOW + 1) for entry in new)
        assert not any(reader.contains(entry, NOW) for entry in old)


def test_nothing_to_load() -> None:
    """Loading nothing, or only what is over, changes nothing."""
    with denylist() as (writer, reader, _):
        assert writer.load(rows([]), until(), NOW) == 0
        assert writer.load(rows([digest(1)]), until(NOW), NOW) == 0
        assert reader.epoch == 0


@pytest.mark.parametrize("shape", [(4,), (4, 15), (3, 16), (4, 16, 1)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    """Digests that are not (n, 16), or not as many as expiries, are refused."""
    with denylist() as (writer, _, _), pytest.raises(ValueError, match="digests of 16 bytes"):
        writer.load(np.zeros(shape, dtype=np.uint8), until(*[LATER] * 4), NOW)


@pytest.mark.parametrize("kinds", [(np.uint8, np.float64), (np.uint8, np.int64), (np.int64, np.uint32)])
def test_other_kinds_of_numbers_are_refused(kinds: tuple[type[np.number], type[np.number]]) -> None:
    """Expiries that are not coarse, whose fraction would get lost, are refused; so are digests that are no bytes."""
    with denylist() as (writer, _, _), pytest.raises(ValueError, match="coarse_all"):
        writer.load(np.ones((1, 16), dtype=kinds[0]), np.full(1, LATER + 0.5).astype(kinds[1]), NOW)


def test_coarse_expiries_of_many() -> None:
    """Expiries of many are rounded up as one is; what is not a number is refused."""
    expected = {0.1: 1, NOW: NOW, NOW + 0.5: NOW + 1, -1.0: 0, math.inf: NEVER, 1e18: NEVER}
    assert coarse_all(np.array(list(expected))).tolist() == list(expected.values())
    with pytest.raises(ValueError, match="not a number"):
        coarse_all(np.array([1.0, math.nan]))


@contextmanager
def filler(shared: segment.Segment, entries: int, own: range) -> "Iterator[subprocess.Popen[bytes]]":
    """Run a process that fills these shards with the first so many digests; it says so when it begins."""
    fd = shared.fileno()
    words = [sys.executable, str(PROGRAM), *map(str, (fd, entries, own.start, own.stop))]
    with subprocess.Popen(words, stdout=subprocess.PIPE, pass_fds=[fd], env=environment()) as process:  # noqa: S603 - our own program
        assert process.stdout is not None
        assert process.stdout.readline() == b"go\n"
        yield process


def test_filled_by_several_processes() -> None:
    """Processes that fill different shards side by side leave a list that has all, once the writer has settled it."""
    with denylist(LARGE) as (writer, reader, shared), ExitStack() as stack:
        running = [stack.enter_context(filler(shared, ENTRIES, own)) for own in (range(2), range(2, 4))]
        assert [process.wait(60) for process in running] == [0, 0]
        assert reader.is_empty
        assert writer.settle() == ENTRIES
        assert all(reader.contains(digest(number), NOW) for number in range(ENTRIES))
        assert not any(reader.contains(digest(number), NOW) for number in range(ENTRIES, 2 * ENTRIES))


def test_killed_while_filling() -> None:
    """The shards of a process that was killed while it filled them are filled by another."""
    with denylist(LARGE) as (writer, reader, shared):
        many = rows([digest(number) for number in range(ENTRIES)])
        for _ in range(5):
            with filler(shared, ENTRIES, range(4)) as process:
                process.kill()
        fill(shared, many, until(*[LATER] * ENTRIES), NOW, range(4))
        assert writer.settle() == ENTRIES
        assert all(reader.contains(digest(number), NOW) for number in range(ENTRIES))
