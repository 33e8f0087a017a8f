"""Keys, values and a workload for the shared cache, and what an ideal one of its size would do."""

import random
from collections import OrderedDict
from hashlib import blake2b
from itertools import accumulate

from sidecar.memory.cache import SharedCache

NOW, LATER, SEED = 1_750_000_000.0, 1_750_003_600.0, 0x5EED_5EED_5EED_5EED
#: Requests in a second of the workload.
RATE = 20_000


def key_of(number: int) -> bytes:
    """Return the key of a number."""
    return blake2b(number.to_bytes(8, "big"), digest_size=32).digest()


def value_of(key: bytes, length: int = 400) -> bytes:
    """Return the only right value for a key."""
    return (key * (length // len(key) + 1))[:length]


def zipf(keys: int, requests: int) -> list[int]:
    """Return requests for keys, the n-th most popular of which is asked for 1/n as often as the first."""
    weights = list(accumulate(1 / rank for rank in range(1, keys + 1)))
    return random.Random(SEED).choices(range(keys), cum_weights=weights, k=requests)  # noqa: S311 - not for secrets


def shared_hits(cache: SharedCache, requests: list[int], length: int) -> int:
    """Return how many requests of the second half find their value in the cache."""
    hits = 0
    for turn, number in enumerate(requests):
        key, now = key_of(number), NOW + turn / RATE
        found = cache.get(key, now)
        if found is None:
            cache.put(key, value_of(key, length), LATER, now)
            continue
        assert found.value == value_of(key, length), "another key's value"  # noqa: S101 - a wrong one is an error
        hits += turn >= len(requests) // 2
    return hits


def ideal_hits(capacity: int, requests: list[int]) -> int:
    """Return the same for an exact LRU."""
    hits, held = 0, OrderedDict[int, None]()
    for turn, number in enumerate(requests):
        if number in held:
            held.move_to_end(number)
            hits += turn >= len(requests) // 2
            continue
        held[number] = None
        if len(held) > capacity:
            held.popitem(last=False)
    return hits
