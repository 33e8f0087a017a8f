"""What goes into a ring comes out of it, once and in order; and what its ends do when the other one is replaced."""

from collections.abc import Iterator

import pytest

from sidecar.memory import segment
from sidecar.memory.ring import Consumer, Producer, Region
from sidecar.memory.ring_layout import LINE, RECORDS, padded

SEED = 0x5EED_5EED_5EED_5EED
#: Room for four records of a line each, and as much before and behind that is not the ring's.
REGION = Region(LINE, RECORDS + 4 * LINE)


@pytest.fixture
def shared() -> Iterator[segment.Segment]:
    """Give a segment of a page."""
    with segment.create(4096) as made:
        yield made


def ends(shared: segment.Segment, region: Region = REGION) -> tuple[Producer, Consumer]:
    """Return both ends of a ring, as a process each makes them."""
    return Producer(shared.memory, region, SEED), Consumer(shared.memory, region, SEED)


@pytest.mark.parametrize("length", [0, 1, 27, 28, 29, 92, 93, 219, 220])
def test_comes_out_as_it_went_in(shared: segment.Segment, length: int) -> None:
    """A record of any length up to the whole ring comes out byte for byte, wherever in the ring it begins."""
    producer, consumer = ends(shared)
    for turn in range(9):
        record = bytes((turn + number) % 251 for number in range(length))
        assert producer.push(record)
        assert consumer.pop() == record
        assert consumer.pop() is None


@pytest.mark.parametrize("length", [221, 5000])
def test_too_large(shared: segment.Segment, length: int) -> None:
    """A record that is larger than the ring is not pushed, and nothing else changes."""
    producer, consumer = ends(shared)
    assert not producer.push(bytes(length))
    assert consumer.pop() is None
    assert producer.push(b"next")
    assert consumer.pop() == b"next"


def test_full(shared: segment.Segment) -> None:
    """A full ring takes no more until something was read, and then exactly as much."""
    producer, consumer = ends(shared)
    assert [producer.push(b"%d" % number) for number in range(5)] == [True] * 4 + [False]
    assert producer.backlog == 4
    assert consumer.drain(1) == [b"0"]
    assert producer.backlog == 3
    assert [producer.push(b"%d" % number) for number in (5, 6)] == [True, False]
    assert consumer.drain(9) == [b"1", b"2", b"3", b"5"]
    assert producer.backlog == 0


def test_drain_takes_no_more_than_asked_for(shared: segment.Segment) -> None:
    """A batch has its limit, and the rest stays."""
    producer, consumer = ends(shared)
    for number in range(4):
        producer.push(b"%d" % number)
    assert [consumer.drain(limit) for limit in (0, 1, 2, 3)] == [[], [b"0"], [b"1", b"2"], [b"3"]]


def test_writes_nothing_outside(shared: segment.Segment) -> None:
    """Neither end writes a byte before or behind its region."""
    shared.memory[:] = b"\xaa" * shared.size
    producer, consumer = ends(shared)
    for length in (0, 28, 220, 100, 220):
        assert producer.push(b"r" * length)
        assert consumer.pop() == b"r" * length
    assert shared.memory[: REGION.offset] == b"\xaa" * REGION.offset
    assert shared.memory[REGION.end :] == b"\xaa" * (shared.size - REGION.end)


def test_rings_beside_each_other(shared: segment.Segment) -> None:
    """Two rings in one segment know nothing of each other."""
    other = Region(REGION.end, REGION.size)
    (first, first_out), (second, second_out) = ends(shared), ends(shared, other)
    assert first.push(b"first")
    assert second.push(b"second")
    assert (first_out.drain(9), second_out.drain(9)) == ([b"first"], [b"second"])


@pytest.mark.parametrize(("offset", "size"), [(-64, 512), (1, 512), (0, 511), (0, 256), (0, 0), (64, -64)])
def test_no_place_for_a_ring(offset: int, size: int) -> None:
    """A region that is not made of whole lines, or has none for a record, is refused."""
    with pytest.raises(ValueError, match="multiples of 64"):
        Region(offset, size)


def test_leads_out_of_the_segment(shared: segment.Segment) -> None:
    """A region that leads out of the segment is refused by both ends."""
    beyond = Region(4096 - 320, 384)
    for end in (Producer, Consumer):
        with pytest.raises(ValueError, match="in a segment of 4096"):
            end(shared.memory, beyond, SEED)


@pytest.mark.parametrize("first", ["producer", "consumer"])
def test_either_end_first(shared: segment.Segment, first: str) -> None:
    """It does not matter who is there first: no record is taken before there is somebody to read it."""
    if first == "producer":
        producer = Producer(shared.memory, REGION, SEED)
        assert not producer.attend()
        assert not producer.push(b"early")
        consumer = Consumer(shared.memory, REGION, SEED)
    else:
        consumer = Consumer(shared.memory, REGION, SEED)
        producer = Producer(shared.memory, REGION, SEED)
        assert not producer.push(b"early")
        assert consumer.pop() is None  # here it looks, and answers
    assert producer.attend()
    assert producer.push(b"one")
    assert consumer.drain(9) == [b"one"]


def test_new_producer(shared: segment.Segment) -> None:
    """A new producer's records are read from the first on; none that is left of the old one is."""
    old, consumer = ends(shared)
    assert [old.push(b"old %d" % number) for number in range(3)] == [True] * 3
    assert consumer.pop() == b"old 0"
    new = Producer(shared.memory, REGION, SEED)
    assert new.epoch != old.epoch
    assert not new.push(b"too early")
    assert consumer.pop() is None
    assert new.push(b"new")
    assert consumer.drain(9) == [b"new"]


def test_new_consumer(shared: segment.Segment) -> None:
    """A new consumer gets nothing that went to the old one, and the producer learns that it is another."""
    producer, old = ends(shared)
    assert [producer.push(b"old %d" % number) for number in range(3)] == [True] * 3
    assert old.pop() == b"old 0"
    new = Consumer(shared.memory, REGION, SEED)
    assert new.pop() is None
    epoch = producer.epoch
    assert not producer.push(b"too early")
    assert producer.epoch != epoch
    assert new.pop() is None
    assert producer.push(b"new")
    assert new.drain(9) == [b"new"]
    assert old.pop() != b"new"


def test_renewed(shared: segment.Segment) -> None:
    """A producer that gives up its session takes its records back, and goes on when the consumer has answered."""
    producer, consumer = ends(shared)
    assert producer.push(b"taken back")
    producer.renew()
    assert not producer.push(b"too early")
    assert consumer.drain(9) == []
    assert producer.push(b"new")
    assert consumer.drain(9) == [b"new"]


def test_another_seed(shared: segment.Segment) -> None:
    """Who does not know the seed is not believed, neither as a producer nor as a consumer."""
    producer = Producer(shared.memory, REGION, SEED)
    assert Consumer(shared.memory, REGION, SEED + 1).pop() is None
    assert not producer.push(b"record")
    consumer = Consumer(shared.memory, REGION, SEED)
    assert producer.push(b"record")
    assert consumer.pop() == b"record"


def test_size_of_a_record() -> None:
    """A record takes whole lines, its header of 36 bytes included: what the drawing says."""
    assert [padded(length) for length in (0, 28, 29, 92, 93)] == [64, 64, 128, 128, 192]
