"""The denylist against a dictionary."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from memory.denylists import NOW, SMALLEST, digest, rows, until
from sidecar.memory import segment
from sidecar.memory.denylist import Denylist
from sidecar.memory.denylist_layout import DenylistFullError
from sidecar.memory.denylist_writer import DenylistWriter

#: Of a few homes, so that they overflow; two of them at the end of the shard.
NUMBERS = st.integers(0, 160)
TTLS = st.integers(-1, 8)
HOMES = (0, 1, 30, 61, 62)


ENTRIES = [digest(number, home=HOMES[number % len(HOMES)]) for number in range(161)]


class Denylists(RuleBasedStateMachine):
    """A writer, a reader, and a model that knows when each digest's time is over."""

    def __init__(self) -> None:
        super().__init__()
        self.segment = segment.create(SMALLEST)
        self.writer, self.reader = DenylistWriter(self.segment), Denylist(self.segment)
        self.model: dict[bytes, int] = {}
        self.now = int(NOW)

    def teardown(self) -> None:
        """Give the memory back."""
        self.writer.close()
        self.reader.close()
        self.segment.close()

    def in_force(self) -> int:
        """Return how many there should be."""
        return sum(self.now < expiry for expiry in self.model.values())

    def remember(self, many: list[tuple[int, int]]) -> None:
        """Add to the model."""
        for number, ttl in many:
            if ttl > 0:
                self.model[ENTRIES[number]] = max(self.now + ttl, self.model.get(ENTRIES[number], 0))

    @rule(number=NUMBERS, ttl=TTLS)
    def add(self, number: int, ttl: int) -> None:
        """What is added is found, unless the list is full of what is in force; and the epoch tells."""
        before = self.reader.epoch
        try:
            added = self.writer.add(ENTRIES[number], self.now + ttl, self.now)
        except DenylistFullError:
            assert self.in_force() == self.writer.measures.capacity
            return
        assert added is (ttl > 0)
        assert (self.reader.epoch != before) is added
        self.remember([(number, ttl)])

    @rule(many=st.lists(st.tuples(NUMBERS, TTLS), max_size=50))
    def load(self, many: list[tuple[int, int]]) -> None:
        """What is loaded is found, all of it or, where the list would overflow, nothing that is new."""
        digests, expiries = rows([ENTRIES[number] for number, _ in many]), until(*[self.now + ttl for _, ttl in many])
        live = {ENTRIES[number] for number, ttl in many if ttl > 0}
        new = {one for one in live if not self.now < self.model.get(one, 0)}
        try:
            assert self.writer.load(digests, expiries, self.now) == len(new)
        except DenylistFullError:
            assert self.in_force() + len(new) > self.writer.measures.capacity
            many = [(number, ttl) for number, ttl in many if ENTRIES[number] not in new]
        self.remember(many)

    @rule(seconds=st.integers(1, 4))
    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.now += seconds

    @rule()
    def sweep(self) -> None:
        """A sweep leaves nothing that is over."""
        self.writer.sweep(self.now)
        counts = self.writer.counts(self.now)
        assert (counts.entries, counts.expired) == (self.in_force(), 0)

    @rule()
    def replace_writer(self) -> None:
        """A new writer goes on where the last one ended."""
        self.writer.close()
        self.writer = DenylistWriter(self.segment)

    @invariant()
    def nothing_is_missing_and_nothing_more(self) -> None:
        """Each digest is found exactly as long as the model says."""
        for one in ENTRIES:
            expiry = self.model.get(one, 0)
            if self.now < expiry:
                assert self.reader.contains(one, expiry - 1)
                assert not self.reader.contains(one, expiry)
            else:
                assert not self.reader.contains(one, self.now)
        assert self.reader.is_empty or self.writer.counts(self.now).entries > 0


TestDenylists = Denylists.TestCase
