"""The shared cache against a dictionary."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from memory.caches import NOW, SEED, SMALLEST, key
from sidecar.memory import segment
from sidecar.memory.cache import SharedCache
from sidecar.memory.layout import Entry

KEYS = st.integers(0, 24).map(key)
#: Of every number of slots, and none.
VALUES = st.builds(lambda byte, length: byte * length, st.binary(min_size=1, max_size=1), st.integers(0, 2000))


class Caches(RuleBasedStateMachine):
    """Two processes' views of one small cache, and a model that forgets nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.segment = segment.create(SMALLEST)
        self.views = [SharedCache(self.segment, SEED) for _ in range(2)]
        self.model: dict[bytes, Entry] = {}
        self.now = NOW

    def teardown(self) -> None:
        """Give the memory back."""
        self.segment.close()

    def found(self, key: bytes) -> Entry | None:
        """Ask without being seen: another view of the same memory, whose stamps say what they said."""
        before = self.segment.memory[:]
        entry = self.views[0].get(key, self.now)
        self.segment.memory[:] = before
        return entry

    @rule(view=st.integers(0, 1), key=KEYS, value=VALUES, ttl=st.integers(-1, 5), negative=st.booleans())
    def put(self, view: int, key: bytes, value: bytes, ttl: int, negative: bool) -> None:  # noqa: FBT001 - generated
        """What was put is found at once; a negative entry pushes out no positive one of another key."""
        kept = {other for other in self.model if other != key and self.found(other)}
        done = self.views[view].put(key, value, self.now + ttl, self.now, negative=negative)
        assert done is (ttl > 0 and len(value) <= (256 if negative else 1792))
        self.model.pop(key, None)
        if done:
            self.model[key] = Entry(value, self.now + ttl, negative)
        assert self.found(key) == self.model.get(key)
        if negative:
            assert all(self.found(other) for other in kept if not self.model[other].negative)

    @rule(view=st.integers(0, 1), key=KEYS)
    def get(self, view: int, key: bytes) -> None:
        """A hit is what was put last for that key, and has not expired."""
        entry = self.views[view].get(key, self.now)
        assert entry is None or (entry == self.model.get(key) and self.now < entry.expires_at)

    @rule(key=KEYS)
    def discard(self, key: bytes) -> None:
        """What was discarded is not found."""
        self.views[0].discard(key)
        self.model.pop(key, None)
        assert self.found(key) is None

    @rule(seconds=st.integers(0, 3))
    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.now += seconds

    @rule()
    def sweep(self) -> None:
        """A sweep takes nothing that is live, and leaves nothing to sweep."""
        live = {key for key in self.model if self.found(key)}
        self.views[1].sweep(self.now)
        assert {key for key in self.model if self.found(key)} == live
        assert self.views[0].sweep(self.now) == 0

    @invariant()
    def bounded(self) -> None:
        """There are never more entries of a kind than it has slots."""
        entries = [entry for key in self.model if (entry := self.found(key))]
        assert sum(entry.negative for entry in entries) <= self.views[0].negative_slots
        assert sum(not entry.negative for entry in entries) <= self.views[0].slots


TestCaches = Caches.TestCase
