"""Slots that are half written, overwritten, or written by hand: misses, never a wrong value."""

import mmap
from collections.abc import Iterator
from itertools import pairwise
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xxhash import xxh3_64_intdigest

from memory.caches import LATER, NOW, SEED, cache, key
from sidecar.memory.cache import SharedCache
from sidecar.memory.layout import BODY_HEAD, FRONT, NEGATIVE, STAMP_AT, Entry, geometry
from sidecar.memory.parts import WHOLE
from sidecar.memory.segment import Segment
from sidecar.memory.table import Table

SLOT = 512
STAMP_BYTES = range(STAMP_AT, STAMP_AT + 4)
VALUE = bytes(range(200)) * 2
USED = 56 + len(VALUE)


def slots_with(held: Segment, number: int) -> list[int]:
    """Return the offsets of the slots of a key."""
    return [
        place for place in range(0, held.size // 8 * 7, SLOT) if held.memory[place + 24 : place + 56] == key(number)
    ]


@pytest.fixture
def one() -> Iterator[tuple[SharedCache, Segment, int]]:
    """Give a cache with one entry, and where its slot is."""
    with cache() as (shared, held):
        shared.put(key(1), VALUE, LATER, NOW)
        (slot,) = slots_with(held, 1)
        yield shared, held, slot


@pytest.mark.parametrize("bits", [0xFF, *(1 << bit for bit in range(8))])
def test_every_byte_flipped(one: tuple[SharedCache, Segment, int], bits: int) -> None:
    """A flip of any byte or bit of a slot makes it a miss, but for the stamp and what lies behind the value."""
    shared, held, slot = one
    for place in range(SLOT):
        held.memory[slot + place] ^= bits
        found = shared.get(key(1), NOW)
        harmless = place in STAMP_BYTES or place >= USED
        assert found == (Entry(VALUE, LATER, negative=False) if harmless else None), f"byte {place}"
        if place not in STAMP_BYTES:  # which get has written
            held.memory[slot + place] ^= bits


@pytest.mark.parametrize("bits", [0xFF, 1])
def test_every_byte_of_parts_flipped(bits: int) -> None:
    """A flip of any byte of a value in parts makes it a miss in the same way."""
    value = VALUE * 3
    with cache() as (shared, held):
        shared.put(key(1), value, LATER, NOW)
        slots = slots_with(held, 1)
        assert len(slots) == 3
        for place in (slot + offset for slot in slots for offset in range(SLOT)):
            held.memory[place] ^= bits
            found = shared.get(key(1), NOW)
            assert found is None or found == Entry(value, LATER, negative=False)
            if place % SLOT in range(12, 60):  # whose parts end at different places: header and first bytes will do
                assert found is None
            if place % SLOT not in STAMP_BYTES:
                held.memory[place] ^= bits


def test_wrong_checksum_by_hand(one: tuple[SharedCache, Segment, int]) -> None:
    """An entry written by hand, right in all but the secret seed, is a miss and is counted as torn."""
    shared, held, slot = one
    body = BODY_HEAD.pack(4, 1, 1, LATER, key(1)) + b"root"
    FRONT.pack_into(held.memory, slot, xxh3_64_intdigest(body, SEED + 1), 0, 4)
    held.memory[slot + 12 : slot + 12 + len(body)] = body
    assert shared.get(key(1), NOW) is None
    assert shared.counts.torn == 1


def test_right_checksum_by_hand(one: tuple[SharedCache, Segment, int]) -> None:
    """The same with the seed is a hit (which shows that the test before tests the checksum), if its kind is right."""
    shared, held, slot = one
    for kind in (1, NEGATIVE):
        body = BODY_HEAD.pack(4, kind, 1, LATER, key(1)) + b"root"
        FRONT.pack_into(held.memory, slot, xxh3_64_intdigest(body, SEED), 0, 4)
        held.memory[slot + 12 : slot + 12 + len(body)] = body
        assert shared.get(key(1), NOW) == (None if kind == NEGATIVE else Entry(b"root", LATER, negative=False))


def test_length_beyond_the_segment(one: tuple[SharedCache, Segment, int]) -> None:
    """A length that leads out of the segment is a miss."""
    shared, held, slot = one
    held.memory[slot + 12 : slot + 14] = b"\xff\xff"
    assert shared.get(key(1), NOW) is None


def test_slot_of_another_key(one: tuple[SharedCache, Segment, int]) -> None:
    """A whole slot that is given another key, tag and all, is a miss."""
    shared, held, slot = one
    held.memory[slot + 24 : slot + 56] = key(2)
    assert shared.get(key(2), NOW) is None
    assert shared.get(key(1), NOW) is None


@given(st.integers(0, 3), st.integers(1, 460), st.integers(1, 460), st.lists(st.integers(0, SLOT), max_size=6))
def test_mixture_of_two_writes(other: int, first: int, second: int, cuts: list[int]) -> None:
    """Any mixture of two writes to one slot is one of the two or a miss, for either's key."""
    values = {1: b"a" * first, other: b"b" * second}
    images = []
    with cache() as (shared, held):
        for number, value in ((1, b"a" * first), (other, b"b" * second)):
            held.memory[:] = bytes(held.size)
            shared.put(key(number), value, LATER + number, NOW)
            images.append(held.memory[:])
        bounds = [0, *sorted(cuts), SLOT]
        spans = [slice(*bound) for bound in pairwise(bounds)]
        for start in range(0, held.size, SLOT):
            for index, span in enumerate(spans):
                held.memory[start + span.start : start + span.stop] = images[index % 2][start:][span]
        for number, value in values.items():
            found = shared.get(key(number), NOW)
            allowed = {value, b"a" * first} if number == 1 else {value}
            assert found is None or found.value in allowed


class Recorder:
    """Memory that takes down what is stored, in order."""

    def __init__(self) -> None:
        self.stores: list[tuple[slice, bytes]] = []

    def __setitem__(self, where: slice, content: bytes) -> None:
        """Take down a store."""
        self.stores.append((where, content))


@pytest.mark.parametrize("done", range(4))
def test_writer_killed_between_two_stores(one: tuple[SharedCache, Segment, int], done: int) -> None:
    """After the first of a write's three stores the slot is empty, and the new value is there after the last alone."""
    shared, held, slot = one
    recorder = Recorder()
    table = Table(cast("mmap.mmap", recorder), geometry(0, held.size, SLOT), 1, SEED, shared.counts)
    table._write(slot, key(1), (WHOLE, b"new", LATER), 0)
    assert len(recorder.stores) == 3
    for where, content in recorder.stores[:done]:
        held.memory[where] = content
    found = shared.get(key(1), NOW)
    assert (found and found.value) == {0: VALUE, 3: b"new"}.get(done)
    empty = held.memory[slot + 16 : slot + 24] == bytes(8)
    assert empty is (done in {1, 2})
    assert shared.counts.torn == int(empty)


def test_half_written_slot_is_reused_first() -> None:
    """The slot of a writer that was killed is taken before any live one."""
    with cache() as (shared, held):
        for number in range(8):
            shared.put(key(number), b"v", LATER, NOW + number)
        (slot,) = slots_with(held, 5)
        held.memory[slot + 16 : slot + 24] = bytes(8)
        shared.put(key(8), b"v", LATER, NOW + 9)
        assert [number for number in range(9) if shared.get(key(number), NOW + 9) is None] == [5]


def test_parts_of_two_puts() -> None:
    """Parts of two puts for the same key are never put together, were only their expiry different."""
    with cache() as (shared, held):
        for second, expires_at in ((b"B" * 1000, LATER), (b"A" * 1000, LATER + 1)):
            shared.put(key(1), b"A" * 1000, LATER, NOW)
            slots = slots_with(held, 1)
            old = held.memory[slots[0] : slots[0] + SLOT]
            shared.put(key(1), second, expires_at, NOW)
            assert slots_with(held, 1) == slots
            held.memory[slots[0] : slots[0] + SLOT] = old
            assert shared.get(key(1), NOW) is None


def test_whole_value_beside_the_rest_of_another_put() -> None:
    """A part that is left over beside a complete value of the same key does not hide it."""
    with cache() as (shared, held):
        shared.put(key(1), b"A" * 1000, LATER, NOW)
        left = held.memory[slots_with(held, 1)[0] :][:SLOT]
        shared.put(key(1), b"B" * 1000, LATER, NOW)
        free = next(place for place in range(0, SLOT * 8, SLOT) if not any(held.memory[place : place + SLOT]))
        held.memory[free : free + SLOT] = left
        assert shared.get(key(1), NOW) == Entry(b"B" * 1000, LATER, negative=False)


def test_lost_part_is_no_torn_slot() -> None:
    """A long value that lost a part to another key is a miss, and is told apart from a torn slot."""
    with cache() as (shared, _):
        shared.put(key(1), b"A" * 1700, LATER, NOW)
        for number in range(2, 7):
            shared.put(key(number), b"v", LATER, NOW + number)
        assert shared.counts.evictions == 1
        assert shared.get(key(1), NOW + 9) is None
        assert (shared.counts.incomplete, shared.counts.torn) == (1, 0)
