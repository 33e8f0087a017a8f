"""A ring against a deque, while either end is replaced at any time."""

from collections import deque

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sidecar.memory import segment
from sidecar.memory.ring import Consumer, Producer, Region
from sidecar.memory.ring_layout import RECORDS, padded

SEED = 0x5EED_5EED_5EED_5EED
REGION = Region(128, RECORDS + 1024)
CONTENTS = st.builds(lambda byte, length: byte * length, st.binary(min_size=1, max_size=1), st.integers(0, 1100))


class Rings(RuleBasedStateMachine):
    """One ring and its model: what was pushed in this session and not read, and how many bytes that is."""

    def __init__(self) -> None:
        super().__init__()
        self.segment = segment.create(4096)
        self.producer = Producer(self.segment.memory, REGION, SEED)
        self.consumer = Consumer(self.segment.memory, REGION, SEED)
        self.model: deque[bytes] = deque()
        #: What was not read of a session that is over: it may be, once, while a copy that was put back says it is not.
        self.left: list[bytes] = []
        self.joined = True
        self.snapshots = [self.segment.memory[:]]

    def teardown(self) -> None:
        """Give the memory back."""
        self.segment.close()

    @precondition(lambda self: self.joined)
    @rule(record=CONTENTS)
    def push(self, record: bytes) -> None:
        """A record is taken exactly if there is room for it."""
        taken = sum(padded(len(other)) for other in self.model)
        fits = taken + padded(len(record)) <= REGION.capacity
        assert self.producer.push(record) is fits
        if fits:
            self.model.append(record)

    @precondition(lambda self: self.joined)
    @rule(limit=st.integers(1, 4))
    def drain(self, limit: int) -> None:
        """The oldest records come out, in order."""
        assert self.consumer.drain(limit) == [self.model.popleft() for _ in range(min(limit, len(self.model)))]

    @rule()
    def replace_producer(self) -> None:
        """What is left of the old producer is lost."""
        self.producer = Producer(self.segment.memory, REGION, SEED)
        self.left += self.model
        self.model.clear()
        self.joined = False

    @rule()
    def replace_consumer(self) -> None:
        """What the old consumer had not read is lost."""
        self.consumer = Consumer(self.segment.memory, REGION, SEED)
        self.model.clear()
        self.left.clear()
        self.joined = False

    @rule()
    def record(self) -> None:
        """Take a copy of all there is."""
        self.snapshots.append(self.segment.memory[:])

    @rule(number=st.integers(0, 99))
    def put_back(self, number: int) -> None:
        """Put an old copy back: whatever it was, from then on records may be lost, but none comes again."""
        self.segment.memory[:] = self.snapshots[number % len(self.snapshots)]
        got, unread = self.consumer.drain(9), [*self.left, *self.model]
        assert got == unread[: len(got)]
        self.left = unread[len(got) :]  # a later copy may have it still
        self.producer.renew()
        self.model.clear()
        self.joined = False

    @precondition(lambda self: not self.joined)
    @rule()
    def meet(self) -> None:
        """Whatever happened before, after a few looks at each other both ends are in a session, and it is empty."""
        for _ in range(4):
            assert self.consumer.drain(9) == []
            self.joined = self.producer.attend()
        assert self.joined
        self.left.clear()
        assert self.consumer.drain(9) == []

    @invariant()
    def told(self) -> None:
        """The producer knows how many records wait."""
        if self.joined:
            assert self.producer.backlog == len(self.model)


TestRings = Rings.TestCase
