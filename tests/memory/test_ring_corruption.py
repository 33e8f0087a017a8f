"""Rings that something else got into, that were half written, or put back from a copy: never a wrong record."""

from collections.abc import Iterator
from struct import Struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xxhash import xxh3_64_intdigest

from memory.ring_ends import REGION, SEED, ends
from sidecar.memory import segment
from sidecar.memory.ring import Consumer, Producer
from sidecar.memory.ring_consumer import PATIENCE
from sidecar.memory.ring_layout import ANSWER, BODY_HEAD, NOTE, READ, RECORDS, Note, padded, write_note

START = REGION.offset + RECORDS
HEADER_BYTES = 36
#: One before the end of the ring, one over it, and one behind that.
PUSHED = [b"a" * 100, b"b" * 300, b"", b"c" * 20]


@pytest.fixture
def shared() -> Iterator[segment.Segment]:
    """Give a segment of a page."""
    with segment.create(4096) as made:
        yield made


def filled(shared: segment.Segment) -> tuple[Producer, Consumer]:
    """Return the ends of a ring that holds ``PUSHED``, some of it round the end."""
    shared.memory[:] = bytes(shared.size)
    producer, consumer = ends(shared)
    assert producer.push(b"x" * 700)
    assert consumer.pop() == b"x" * 700
    assert all(producer.push(record) for record in PUSHED)
    return producer, consumer


def goes_on(producer: Producer, consumer: Consumer) -> bool:
    """Say whether, by themselves and soon, the ends come to pass on new records again, in order."""
    got = []
    for turn in range(5 * PATIENCE):
        producer.push(b"new %d" % turn)
        got += consumer.drain(9)
    numbers = [int(record[4:]) for record in got if record.startswith(b"new ")]
    return numbers == sorted(set(numbers)) and numbers[-1:] == [5 * PATIENCE - 1]


def is_part_of(got: list[bytes], pushed: list[bytes]) -> bool:
    """Say whether ``got`` is ``pushed`` without what may have been lost at its end."""
    return got == pushed[: len(got)]


@pytest.mark.parametrize("bits", [0xFF, 0x01, 0x80])
def test_every_byte_flipped(shared: segment.Segment, bits: int) -> None:
    """A flip of any byte loses records at the most, and then the ends go on by themselves."""
    lost = 0
    for place in range(REGION.offset, REGION.end):
        producer, consumer = filled(shared)
        shared.memory[place] ^= bits
        got = consumer.drain(9)
        assert is_part_of(got, PUSHED), f"byte {place}"
        assert goes_on(producer, consumer), f"byte {place}"
        lost += got != PUSHED
    # A flip in a record's header or content loses it: but for the lines and the padding every byte counts.
    assert lost >= sum(HEADER_BYTES + len(record) for record in PUSHED)


@pytest.mark.parametrize("restarted", ["producer", "consumer", "both"])
def test_every_byte_flipped_before_a_restart(shared: segment.Segment, restarted: str) -> None:
    """The same where one end, or both, are replaced after the flip: what was there before is not read at all."""
    for place in range(REGION.offset, REGION.end):
        producer, consumer = filled(shared)
        shared.memory[place] ^= 0xFF
        if restarted != "consumer":
            producer = Producer(shared.memory, REGION, SEED)
        if restarted != "producer":
            consumer = Consumer(shared.memory, REGION, SEED)
        assert consumer.drain(9) == []
        assert goes_on(producer, consumer), f"byte {place}"


@given(st.binary(min_size=REGION.size, max_size=REGION.size))
def test_anything_at_all(noise: bytes) -> None:
    """Whatever is in the region, it is no record."""
    with segment.create(4096) as shared:
        producer, consumer = filled(shared)
        shared.memory[REGION.offset : REGION.end] = noise
        assert consumer.drain(9) == []
        assert goes_on(producer, consumer)


def images_of_a_push(shared: segment.Segment) -> tuple[Producer, Consumer, bytes, bytes]:
    """Return the ring before and after a push over what another record has left."""
    producer, consumer = ends(shared)
    for filler in (b"old" * 150, b"old" * 150):
        assert producer.push(filler)
        assert consumer.pop() == filler
    before = shared.memory[:]
    assert producer.push(b"new" * 100)
    return producer, consumer, before, shared.memory[:]


@given(st.data())
def test_stores_seen_in_any_order(data: st.DataObject) -> None:
    """Whichever words of a push are seen already, the record is whole or not there yet; once all are, it is there."""
    with segment.create(4096) as shared:
        _, consumer, before, after = images_of_a_push(shared)
        changed = [at for at in range(0, 4096, 8) if before[at : at + 8] != after[at : at + 8]]
        shared.memory[:] = before
        got: list[bytes] = []
        for at in data.draw(st.permutations(changed)):
            shared.memory[at : at + 8] = after[at : at + 8]
            if data.draw(st.booleans()):
                got += consumer.drain(2)
                consumer._unfinished = 0  # so slow is no machine
        got += consumer.drain(2)
        assert got == [b"new" * 100]


def test_killed_after_any_byte(shared: segment.Segment) -> None:
    """A producer that was killed in the middle of a push has pushed nothing, and its successor is not kept waiting."""
    _, _, before, after = images_of_a_push(shared)
    changed = [at for at in range(4096) if before[at] != after[at]]
    for done in (*range(0, len(changed), 7), len(changed) - 1):
        shared.memory[:] = bytes(4096)
        _, consumer, before, after = images_of_a_push(shared)
        shared.memory[:] = before
        for at in changed[:done]:
            shared.memory[at] = after[at]
        assert consumer.pop() in {None, b"new" * 100}
        successor = Producer(shared.memory, REGION, SEED)
        assert consumer.pop() is None
        assert successor.push(b"from the successor")
        assert consumer.drain(9) == [b"from the successor"]


def by_hand(shared: segment.Segment, consumer: Consumer, content: bytes, seed: int, length: int) -> None:
    """Write a record as if the producer had."""
    body = BODY_HEAD.pack(consumer._producer, consumer._consumer, 0, length) + content
    record = Struct("=Q").pack(xxh3_64_intdigest(body, seed)) + body
    shared.memory[START : START + len(record)] = record


def test_written_by_hand(shared: segment.Segment) -> None:
    """A record that is right in all but the secret seed is none; with it, it is one, so that is what was tested."""
    producer, consumer = ends(shared)
    assert producer.attend()
    by_hand(shared, consumer, b"root", SEED + 1, 4)
    assert consumer.pop() is None
    by_hand(shared, consumer, b"root", SEED, 4)
    assert consumer.pop() == b"root"


@pytest.mark.parametrize("length", [0, 3, 5, 988, 989, 1024, 2**31, 2**32 - 1])
def test_length_by_hand(shared: segment.Segment, length: int) -> None:
    """A length that is not the content's, or leads out of the ring, makes it no record."""
    producer, consumer = ends(shared)
    assert producer.attend()
    by_hand(shared, consumer, b"root", SEED, length)
    assert consumer.pop() is None


def test_record_moved(shared: segment.Segment) -> None:
    """A whole record, copied to where the next one is due, is not taken for the next one."""
    producer, consumer = ends(shared)
    assert producer.push(b"once")
    assert consumer.pop() == b"once"
    shared.memory[START + 64 : START + 128] = shared.memory[START : START + 64]
    assert consumer.pop() is None
    assert producer.push(b"twice")
    assert consumer.drain(9) == [b"twice"]


@pytest.mark.parametrize("restarted", ["nobody", "producer", "consumer", "both"])
@pytest.mark.parametrize("moment", range(6))
def test_copy_put_back(shared: segment.Segment, moment: int, restarted: str) -> None:
    """A copy of the ring, from whatever moment, brings no record back that was read, whoever was replaced since.

    Those that its consumer has not read yet may come: it cannot know that it has a new producer when the copy, put back
    before it looked, says otherwise.
    """
    producer, consumer = filled(shared)
    copies, read = [shared.memory[:]], list[bytes]()
    for number in range(4):
        read += consumer.drain(1)
        assert producer.push(b"later %d" % number)
        copies.append(shared.memory[:])
    read += consumer.drain(2)
    copies.append(shared.memory[:])
    if restarted in {"producer", "both"}:
        producer = Producer(shared.memory, REGION, SEED)
    if restarted in {"consumer", "both"}:
        consumer = Consumer(shared.memory, REGION, SEED)
    shared.memory[:] = copies[moment]
    got = consumer.drain(9)
    if restarted in {"nobody", "producer"}:
        assert is_part_of(got, [b"later 2", b"later 3"])
    else:
        assert got == []
    assert goes_on(producer, consumer)


@pytest.mark.parametrize("restarted", ["producer", "consumer"])
def test_copy_put_back_in_a_later_session(shared: segment.Segment, restarted: str) -> None:
    """The same where both ends have met again and are at work before the copy is put back."""
    producer, consumer = filled(shared)
    copy = shared.memory[:]
    if restarted == "producer":
        producer = Producer(shared.memory, REGION, SEED)
    else:
        consumer = Consumer(shared.memory, REGION, SEED)
    assert goes_on(producer, consumer)
    shared.memory[:] = copy
    assert consumer.drain(9) == []
    assert goes_on(producer, consumer)


def test_full_ring_that_was_overwritten(shared: segment.Segment) -> None:
    """A full ring whose next record is gone, and the count of them too, does not stay full for ever."""
    producer, consumer = ends(shared)
    empty = shared.memory[:]
    while producer.push(b"r" * 28):
        pass
    assert producer.backlog == REGION.capacity // padded(28)
    shared.memory[REGION.offset + 128 :] = empty[REGION.offset + 128 :]
    assert consumer.drain(9) == []
    assert goes_on(producer, consumer)


READ_LINE = slice(REGION.offset + READ, REGION.offset + READ + NOTE.size)
ANSWER_LINE = slice(REGION.offset + ANSWER, REGION.offset + ANSWER + NOTE.size)


def test_what_was_read_is_told_again(shared: segment.Segment) -> None:
    """A full ring of which all was read takes records again, even if the line that told so was overwritten."""
    producer, consumer = ends(shared)
    while producer.push(b"r" * 28):
        pass
    consumer.drain(99)
    shared.memory[READ_LINE] = bytes(NOTE.size)
    assert not producer.push(b"new")
    assert consumer.pop() is None
    assert producer.push(b"new")
    assert consumer.pop() == b"new"


def test_what_was_read_never_becomes_less(shared: segment.Segment) -> None:
    """An older line about what was read is not believed."""
    producer, consumer = ends(shared)
    for _ in range(3):
        assert producer.push(b"r")
    consumer.pop()
    old = shared.memory[READ_LINE]
    consumer.pop()
    assert producer.backlog == 1
    shared.memory[READ_LINE] = old
    assert producer.backlog == 1


def test_what_was_read_is_no_more_than_was_written(shared: segment.Segment) -> None:
    """A line that says more was read than there was makes no room."""
    producer, consumer = ends(shared)
    while producer.push(b"r" * 28):
        pass
    much = Note(consumer._producer, consumer._consumer, 1 << 40, 1 << 40)
    shared.memory[READ_LINE] = write_note(READ, much, SEED)
    assert not producer.push(b"over what is not read")


def test_what_was_read_in_another_session(shared: segment.Segment) -> None:
    """What was read in a session before makes no room in this one."""
    producer, consumer = ends(shared)
    for _ in range(8):
        assert producer.push(b"r" * 28)
    consumer.drain(8)
    old = shared.memory[READ_LINE]
    producer.renew()
    assert consumer.pop() is None
    while producer.push(b"r" * 28):
        pass
    shared.memory[READ_LINE] = old
    assert not producer.push(b"over what is not read")


def test_line_in_the_place_of_another(shared: segment.Segment) -> None:
    """A line of one kind, copied to where another belongs, says nothing there."""
    producer, consumer = ends(shared)
    assert producer.push(b"one")
    assert producer.push(b"two")
    assert consumer.pop() == b"one"
    epoch = producer.epoch
    shared.memory[ANSWER_LINE] = shared.memory[READ_LINE]
    assert not producer.push(b"three")
    assert producer.epoch == epoch
    assert consumer.drain(9) == [b"two"]
    assert consumer.drain(9) == []
    assert producer.push(b"three")
    assert consumer.pop() == b"three"
