"""How full a ring is, to who only looks on."""

import mmap
from collections.abc import Iterator

import pytest

from memory.ring_ends import SEED
from sidecar.memory import segment
from sidecar.memory.ring import Consumer, Producer, Region
from sidecar.memory.ring_depth import depth
from sidecar.memory.ring_layout import WRITTEN

REGION = Region(64, 1024)


@pytest.fixture
def memory() -> Iterator[mmap.mmap]:
    """Give memory for a ring."""
    with segment.create(4096) as made:
        yield made.memory


def test_what_waits(memory: mmap.mmap) -> None:
    """It is what was written and not read: at first nothing, and nothing again where an end was replaced."""
    assert depth(memory, REGION, SEED) == 0
    producer = Producer(memory, REGION, SEED)
    consumer = Consumer(memory, REGION, SEED)
    assert producer.attend()
    for number in range(5):
        assert producer.push(b"x")
        assert depth(memory, REGION, SEED) == number + 1
    assert len(consumer.drain(3)) == 3
    assert depth(memory, REGION, SEED) == 2
    Consumer(memory, REGION, SEED)
    assert depth(memory, REGION, SEED) == 0


def test_number_that_never_was(memory: mmap.mmap) -> None:
    """What is half written makes no number beyond what the ring has room for."""
    producer, _ = Producer(memory, REGION, SEED), Consumer(memory, REGION, SEED)
    assert producer.attend()
    memory[REGION.offset + WRITTEN : REGION.offset + WRITTEN + 8] = b"\xff" * 8
    assert depth(memory, REGION, SEED) == REGION.capacity // 64
    assert depth(memory, REGION, SEED + 1) == 0
