"""The ring of what happened of late: whole texts or none, the last ones, each process its own."""

import mmap
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.memory import segment
from sidecar.memory.recent import ROOM, SLOT_BYTES, SLOTS, RecentRing, size


@pytest.fixture
def shared() -> Iterator[segment.Segment]:
    """Give room for two rings."""
    with segment.create(segment.pages(size(2))) as made:
        yield made


def texts(ring: RecentRing) -> list[bytes]:
    """Return what is in it, oldest first."""
    return [text for _, text in sorted(ring.read())]


def test_nothing_at_first(shared: segment.Segment) -> None:
    """A segment of zeros has nothing in it."""
    assert texts(RecentRing(shared, 0)) == texts(RecentRing(shared, 1)) == []


@given(st.lists(st.binary(max_size=ROOM + 20), max_size=3 * SLOTS))
def test_the_last_ones(written: list[bytes]) -> None:
    """As many as there are slots are there, the last ones, each as it was, cut where it was too long."""
    with segment.create(segment.pages(size(2))) as shared:
        ring = RecentRing(shared, 1)
        for text in written:
            ring.put(text)
        assert texts(RecentRing(shared, 1)) == [text[:ROOM] for text in written[-SLOTS:]]
        assert texts(RecentRing(shared, 0)) == []


def test_a_new_incarnation_goes_on(shared: segment.Segment) -> None:
    """One that takes the place of another one overwrites the oldest, not the newest."""
    first = RecentRing(shared, 0)
    for number in range(SLOTS + 5):
        first.put(b"%d" % number)
    second = RecentRing(shared, 0)
    second.put(b"new")
    assert texts(second) == [*(b"%d" % number for number in range(6, SLOTS + 5)), b"new"]


def test_nothing_of_a_longer_text_stays(shared: segment.Segment) -> None:
    """What is overwritten by a shorter text is gone from memory."""
    ring = RecentRing(shared, 0)
    for text in (b"secret" * 100, b"x"):
        for _ in range(SLOTS):
            ring.put(text)
    assert shared.memory.find(b"secret") == -1


@given(st.integers(0, SLOT_BYTES - 1), st.integers(1, 255), st.integers(0, SLOT_BYTES - 1))
def test_torn(at: int, change: int, cut: int) -> None:
    """A slot of which any byte is another, or that was written up to any byte, is not there."""
    with segment.create(segment.pages(size(1))) as shared:
        ring = RecentRing(shared, 0)
        ring.put(b"first")
        whole = shared.memory[SLOT_BYTES : 2 * SLOT_BYTES]
        shared.memory[SLOT_BYTES + at] ^= change
        assert texts(RecentRing(shared, 0)) == []
        shared.memory[SLOT_BYTES : 2 * SLOT_BYTES] = whole[:cut] + bytes(SLOT_BYTES - cut)
        assert texts(RecentRing(shared, 0)) in ([], [b"first"])
        assert texts(RecentRing(shared, 0)) == ([b"first"] if not whole[cut:].strip(b"\0") else [])


def test_a_slot_is_no_other_s(shared: segment.Segment) -> None:
    """What was written in one place counts in no other one."""
    ring = RecentRing(shared, 0)
    ring.put(b"text")
    shared.memory[2 * SLOT_BYTES : 3 * SLOT_BYTES] = shared.memory[SLOT_BYTES : 2 * SLOT_BYTES]
    shared.memory[size(1) + SLOT_BYTES : size(1) + 2 * SLOT_BYTES] = shared.memory[SLOT_BYTES : 2 * SLOT_BYTES]
    assert texts(ring) == [b"text"]
    assert texts(RecentRing(shared, 1)) == []


def test_no_such_ring(shared: segment.Segment) -> None:
    """A number beyond the segment is an error."""
    for index in (-1, 2):
        with pytest.raises(ValueError, match=f"ring {index}"):
            RecentRing(shared, index)
    assert size(1) >= mmap.PAGESIZE
