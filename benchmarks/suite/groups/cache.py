"""The caches of identities: the local one of a process, and the one in shared memory, against a dictionary."""

from collections.abc import Callable
from contextlib import ExitStack

from sidecar.core.cache import Known
from sidecar.engine.local_cache import LocalCache
from sidecar.memory import segment
from sidecar.memory.cache import SharedCache
from suite.given.caching import LATER, NOW, SEED, key_of, value_of
from suite.measurement import Baseline, Measurement, Take, Unit
from suite.size import Size
from suite.timing import cpu, wall

TITLE = "caches, identities of 400 bytes"
COSTLY = False
BUDGET, ENTRIES = 64 << 20, 20_000


def measurements(size: Size, stack: ExitStack) -> list[Measurement]:
    """Measure hits, misses, puts and a sweep."""
    shared = stack.enter_context(segment.create(BUDGET))
    cache, number = SharedCache(shared, SEED), size.number(ENTRIES, 100)
    known, unknown = ([key_of(each) for each in range(first, first + number)] for first in (0, number))
    values = {key: value_of(key) for key in known}
    for key, value in values.items():
        cache.put(key, value, LATER, NOW)
    for key, value in values.items():
        found = cache.get(key, NOW)
        # Where both of its buckets are full, one has to go.
        assert found is None or found.value == value  # noqa: S101 - another's value would be nothing to measure

    def each(work: Callable[[bytes], object], keys: list[bytes]) -> Take:
        def all_of_them() -> None:
            for key in keys:
                work(key)

        return cpu(all_of_them, len(keys), size.seconds)

    written: dict[bytes, bytes] = {}
    lookup, insert = each(values.get, known), each(lambda key: written.__setitem__(key, values[key]), known)
    got, put = Baseline("dict.get", lookup), Baseline("dict", insert)
    nano = Unit.NANOSECONDS
    return [
        Measurement("local-hit", "local, a hit", nano, _local(size, number), got),
        Measurement("cache-hit", "shared, a hit", nano, each(lambda key: cache.get(key, NOW), known), got),
        Measurement("cache-miss", "shared, a miss", nano, each(lambda key: cache.get(key, NOW), unknown), got),
        Measurement(
            "cache-put", "shared, a put", nano, each(lambda key: cache.put(key, values[key], LATER, NOW), known), put
        ),
        Measurement("cache-sweep", "shared, a sweep of 64 MiB", Unit.MILLISECONDS, wall(lambda: cache.sweep(NOW), 1)),
    ]


def _local(size: Size, number: int) -> Take:
    cache = LocalCache(number)
    names = [f"token-{each}" for each in range(number)]
    for name in names:
        cache.remember(name, Known(None))

    def all_of_them() -> None:
        for name in names:
            cache.recall(name)

    return cpu(all_of_them, number, size.seconds)
