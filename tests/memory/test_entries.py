"""Looking at all that the shared cache has, without using any of it."""

from hypothesis import given
from hypothesis import strategies as st

from memory.caches import LATER, NOW, SEED, cache, key
from sidecar.memory import segment
from sidecar.memory.cache import SharedCache

_VALUES = st.dictionaries(st.integers(0, 10_000), st.binary(max_size=1792), max_size=30)


@given(_VALUES)
def test_all_that_is_live(values: dict[int, bytes]) -> None:
    """Each positive entry is given once, with its expiry, whole, in however many slots; nothing else is."""
    with segment.create(1 << 22) as memory:
        shared = SharedCache(memory, SEED)
        for number, value in values.items():
            assert shared.put(key(number), value, LATER, NOW)
        shared.put(key(20_000), b"no", LATER, NOW, negative=True)
        shared.put(key(20_001), b"over", NOW + 1, NOW)
        found = sorted(shared.entries(NOW + 1))
        assert found == sorted((key(number), value, LATER) for number, value in values.items())


def test_looking_is_no_use() -> None:
    """What was used last stays so: looking at all changes nothing of which goes first, and counts as no hit."""
    with cache() as (shared, memory):
        shared.put(key(1), b"one", LATER, NOW)
        before, counts = bytes(memory.memory), shared.counts.hits
        assert [value for _, value, _ in shared.entries(NOW + 100)] == [b"one"]
        assert (bytes(memory.memory), shared.counts.hits) == (before, counts)


def test_torn_entries() -> None:
    """One that is torn is none."""
    with cache() as (shared, memory):
        shared.put(key(1), b"one", LATER, NOW)
        at = bytes(memory.memory).index(b"one")
        memory.memory[at : at + 1] = b"O"
        assert list(shared.entries(NOW)) == []
