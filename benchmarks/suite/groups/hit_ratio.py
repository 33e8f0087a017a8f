"""How well the shared cache remembers, against an ideal LRU of its capacity, by popularity: Zipf(1.0).

The n-th most popular of ten times as many identities as there is room for is asked for 1/n as often as the first; the
second half of the requests counts. Both are the same each time, so there is one value.
"""

from contextlib import ExitStack
from functools import cache

from sidecar.memory import segment
from sidecar.memory.cache import SharedCache
from suite.given.caching import SEED, ideal_hits, shared_hits, zipf
from suite.measurement import Baseline, Measurement, Unit
from suite.size import Size

TITLE = "hits of the shared cache, Zipf(1.0) over ten times its capacity"
COSTLY = True
BUDGET, REQUESTS = 4 << 20, 1_000_000
#: Bytes of an identity, and the slots that it takes.
LENGTHS = ((400, 1), (800, 2))


def measurements(size: Size, _: ExitStack) -> list[Measurement]:
    """Measure identities of one slot and of two, and a cache with room for a tenth more than there are."""
    made = [line for length, slots in LENGTHS for line in (_line(size, length, slots),)]
    return [*made, _roomy(size)]


def _line(size: Size, length: int, slots: int) -> Measurement:
    room = _capacity(_budget(size)) // slots
    ours, ideal = _hits(_budget(size), 10 * room, size.number(REQUESTS, 1000), (length, slots))
    what = f"identities of {length} bytes"
    return Measurement(f"hits-{length}", what, Unit.PERCENT, lambda: ours, Baseline("an ideal LRU", lambda: ideal))


def _roomy(size: Size) -> Measurement:
    """Measure a cache that nothing has to leave: what is missed is met for the first time, or has no place."""
    users = int(_capacity(_budget(size)) / 1.5)
    ours, ideal = _hits(_budget(size), users, size.number(REQUESTS, 1000), LENGTHS[0])
    what = "two thirds as many identities as there is room for"
    return Measurement("hits-roomy", what, Unit.PERCENT, lambda: ours, Baseline("an ideal LRU", lambda: ideal))


def _budget(size: Size) -> int:
    return max(int(BUDGET * min(1.0, size.scale * 4)), 1 << 16)


@cache
def _capacity(budget: int) -> int:
    with segment.create(budget) as shared:
        return SharedCache(shared, SEED).slots


def _hits(budget: int, keys: int, number: int, kind: tuple[int, int]) -> tuple[float, float]:
    """Return the parts that are hits: the cache's and the ideal one's."""
    length, slots = kind
    requests = zipf(keys, number)
    counted = len(requests) / 2
    with segment.create(budget) as shared:
        cache = SharedCache(shared, SEED)
        capacity = cache.slots // slots
        return shared_hits(cache, requests, length) / counted, ideal_hits(capacity, requests) / counted
