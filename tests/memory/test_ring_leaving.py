"""A consumer that leaves, with nobody to take its place: nothing that was pushed is lost, and nothing more is."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.ring_ends import SEED, ends
from sidecar.memory import segment
from sidecar.memory.ring import Consumer, Producer, Region
from sidecar.memory.ring_layout import LINE, RECORDS

REGION = Region(LINE, RECORDS + 16 * LINE)


@pytest.fixture
def shared() -> Iterator[segment.Segment]:
    """Give a segment of a page."""
    with segment.create(4096) as made:
        yield made


def _consumer(shared: segment.Segment) -> Consumer:
    return Consumer(shared.memory, REGION, SEED)


def _met(shared: segment.Segment) -> tuple[Producer, Consumer]:
    producer, consumer = ends(shared, REGION)
    assert producer.attend()
    return producer, consumer


def test_what_is_there_is_read_and_no_more_comes(shared: segment.Segment) -> None:
    """What was pushed before it left comes out whole; the next push is refused, and then the consumer is released."""
    producer, consumer = _met(shared)
    assert [producer.push(record) for record in (b"1", b"2", b"3")] == [True] * 3
    assert consumer.pop() == b"1"
    consumer.leave()
    assert [consumer.released, producer.push(b"4"), consumer.released] == [False, False, True]
    assert producer.deserted
    assert consumer.drain(9) == [b"2", b"3"]
    assert consumer.pop() is None


def test_a_new_epoch_says_that_it_left(shared: segment.Segment) -> None:
    """The producer draws anew, so that its owner wakes the consumer up; and tells a leaving from a replacement."""
    producer, consumer = _met(shared)
    epoch = producer.epoch
    consumer.leave()
    assert not producer.attend()
    assert producer.epoch != epoch
    epoch = producer.epoch
    assert not producer.attend()
    assert (producer.epoch, producer.backlog) == (epoch, 0)
    replaced, old = _met(shared)
    del old
    _consumer(shared)
    assert not replaced.attend()
    assert not replaced.deserted


def test_successor_begins_anew(shared: segment.Segment) -> None:
    """Who takes its place, however much later, gets all that is pushed from then on, and nothing of before."""
    producer, consumer = _met(shared)
    assert producer.push(b"old")
    consumer.leave()
    assert not producer.push(b"refused")
    successor = _consumer(shared)
    assert producer.push(b"new")
    assert not producer.deserted
    assert successor.drain(9) == [b"new"]
    assert consumer.released


def test_nobody_was_ever_there(shared: segment.Segment) -> None:
    """A ring without a consumer is deserted; one whose producer never came releases at once."""
    producer = Producer(shared.memory, REGION, SEED)
    assert not producer.push(b"x")
    assert producer.deserted
    with segment.create(4096) as other:
        consumer = _consumer(other)
        consumer.leave()
        assert consumer.released


def test_it_leaves_before_the_producer_has_seen_it(shared: segment.Segment) -> None:
    """One whose answer nobody has read yet is released as well, once the producer looks."""
    producer, consumer = ends(shared, REGION)
    consumer.leave()
    assert not consumer.released
    assert not producer.attend()
    assert consumer.released


def test_producer_that_is_replaced_releases(shared: segment.Segment) -> None:
    """A producer that was killed pushes nothing more: its successor's hello is a release."""
    _, consumer = _met(shared)
    consumer.leave()
    successor = Producer(shared.memory, REGION, SEED)
    assert consumer.released
    assert not successor.push(b"x")
    assert successor.deserted


def test_a_leaving_that_was_overwritten_is_written_again(shared: segment.Segment) -> None:
    """Noise in the consumer's line heals, and still says that it left; noise in a record does not call it back."""
    producer, consumer = _met(shared)
    assert producer.push(b"record")
    start = REGION.offset + RECORDS
    shared.memory[start : start + 8] = b"overwrit"
    consumer.leave()
    shared.memory[REGION.offset + LINE : REGION.offset + 2 * LINE] = b"\xff" * LINE
    assert not producer.attend()
    for _ in range(40):
        assert consumer.pop() is None
    assert not producer.attend()
    assert producer.deserted
    assert consumer.released


@given(st.lists(st.sampled_from(["push", "pop", "leave", "come", "restart", "look"]), max_size=60))
def test_any_order(steps: list[str]) -> None:
    """Whatever happens, what comes out was pushed in this session, in order; once released nothing is ever missing."""
    with segment.create(4096) as shared:
        producer, consumer = ends(shared, REGION)
        sent: list[bytes] = []
        got: list[bytes] = []
        left, number = False, 0
        for step in steps:
            if step == "push":
                number += 1
                if producer.push(b"%d" % number):
                    assert not left or not consumer.released
                    sent.append(b"%d" % number)
            elif step == "pop":
                got += consumer.drain(1)
            elif step == "leave" and not left:
                consumer.leave()
                left = True
            elif step == "come":
                consumer, left = _consumer(shared), False
                sent, got = [], []
            elif step == "restart":
                producer = Producer(shared.memory, REGION, SEED)
                # One that has left reads what is there; one that stays begins anew, as soon as it looks.
                consumer.attend()
                sent = sent if left else got[:]
            elif step == "look":
                producer.attend()
            assert got == sent[: len(got)]
        if left and consumer.released and "restart" not in steps:
            got += consumer.drain(99)
            assert got == sent
