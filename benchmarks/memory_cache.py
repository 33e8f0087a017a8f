"""What the shared cache costs and how well it remembers, in one process.

    python benchmarks/memory_cache.py

Prints nanoseconds per hit, miss and put, bytes per entry for identities of 400 bytes, and the hit ratio at a Zipf(1.0)
workload over ten times the capacity beside that of an ideal LRU of the same capacity. Ratios carry over to other
machines, times do not. Every value is looked at: a wrong one, and nothing else, is an error.
"""

import random
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from itertools import accumulate

from sidecar.memory import segment
from sidecar.memory.cache import SLOT_BYTES, SharedCache

NOW, LATER, SEED = 1_750_000_000.0, 1_750_003_600.0, 0x5EED_5EED_5EED_5EED
BUDGET, VALUE_BYTES = 64 << 20, 400
ENTRIES, ROUNDS = 20_000, 5
#: The workload: a smaller cache, so that it is filled many times over; and how many requests come in a second.
ZIPF_BUDGET, ZIPF_REQUESTS, ZIPF_RATE = 4 << 20, 1_000_000, 20_000


def key_of(number: int) -> bytes:
    """Return the key of a number."""
    return blake2b(number.to_bytes(8, "big"), digest_size=32).digest()


def value_of(key: bytes, length: int = VALUE_BYTES) -> bytes:
    """Return the only right value for a key."""
    return (key * (length // len(key) + 1))[:length]


def demand(right: bool, what: str) -> None:  # noqa: FBT001 - a condition
    """End with an error if something is wrong."""
    if not right:
        sys.exit(f"WRONG: {what}")


def nanoseconds(work: Callable[[bytes], object], keys: list[bytes]) -> float:
    """Return the least CPU time of several rounds, per key."""
    best = float("inf")
    for _ in range(ROUNDS):
        before = time.process_time()
        for key in keys:
            work(key)
        best = min(best, time.process_time() - before)
    return best / len(keys) * 1e9


def costs() -> None:
    """Print what each operation costs: over many entries, which no processor's cache holds, and over a few."""
    with segment.create(BUDGET) as shared:
        cache = SharedCache(shared, SEED)
        known = [key_of(number) for number in range(ENTRIES)]
        unknown = [key_of(number) for number in range(ENTRIES, 2 * ENTRIES)]
        values = {key: value_of(key) for key in known}
        print(f"put            {nanoseconds(lambda key: cache.put(key, values[key], LATER, NOW), known):8.0f} ns")
        few = known[:200] * 100
        print(f"hit            {nanoseconds(lambda key: cache.get(key, NOW), known):8.0f} ns")
        print(f"hit, of 200    {nanoseconds(lambda key: cache.get(key, NOW), few):8.0f} ns")
        print(f"miss           {nanoseconds(lambda key: cache.get(key, NOW), unknown):8.0f} ns")
        print(f"calling alone  {nanoseconds(lambda key: key, known):8.0f} ns (is in each of the above)")
        print(f"sweep          {sweep_milliseconds(cache):8.1f} ms for {BUDGET >> 20} MiB")
        for key in known:
            found = cache.get(key, NOW)
            demand(found is None or found.value == value_of(key), "another value than was put")


def sweep_milliseconds(cache: SharedCache) -> float:
    """Return the CPU time of a sweep that finds nothing to do."""
    before = time.process_time()
    cache.sweep(NOW)
    return (time.process_time() - before) * 1e3


def bytes_per_entry() -> None:
    """Print what an entry takes of the segment, and how many of them there are once it was filled threefold."""
    with segment.create(ZIPF_BUDGET) as shared:
        cache = SharedCache(shared, SEED)
        keys = [key_of(number) for number in range(3 * cache.slots)]
        for key in keys:
            cache.put(key, value_of(key), LATER, NOW)
        full = sum(cache.get(key, NOW) is not None for key in keys)
        print(f"bytes/entry    {SLOT_BYTES:8d} for an identity of {VALUE_BYTES} bytes")
        print(f"  of the whole {shared.size / full:8.1f} with the negative eighth; {full} of {cache.slots} slots taken")


def zipf(keys: int, requests: int) -> list[int]:
    """Return requests for keys, the n-th most popular of which is asked for 1/n as often as the first."""
    weights = list(accumulate(1 / rank for rank in range(1, keys + 1)))
    return random.Random(SEED).choices(range(keys), cum_weights=weights, k=requests)  # noqa: S311 - not for secrets


def shared_hits(cache: SharedCache, requests: list[int], length: int) -> int:
    """Return how many requests of the second half find their value in the cache."""
    hits = 0
    for turn, number in enumerate(requests):
        key, now = key_of(number), NOW + turn / ZIPF_RATE
        found = cache.get(key, now)
        if found is None:
            cache.put(key, value_of(key, length), LATER, now)
            continue
        demand(found.value == value_of(key, length), "another key's value")
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


def hit_ratio(length: int, slots: int) -> None:
    """Print the hit ratios with values of ``length`` bytes, which take so many slots each."""
    with segment.create(ZIPF_BUDGET) as shared:
        cache = SharedCache(shared, SEED)
        capacity = cache.slots // slots
        requests = zipf(10 * capacity, ZIPF_REQUESTS)
        counted = len(requests) / 2
        ours, ideal = shared_hits(cache, requests, length) / counted, ideal_hits(capacity, requests) / counted
        print(f"hit ratio      {ours:8.2%} of Zipf(1.0), {length} bytes in {slots} slots, room for {capacity}")
        print(f"  ideal LRU    {ideal:8.2%}; {(ideal - ours) * 100:.2f} points behind")
        print(f"  {cache.counts}")


def main() -> None:
    """Measure and print."""
    costs()
    bytes_per_entry()
    for length, slots in ((VALUE_BYTES, 1), (800, 2), (1200, 3), (1700, 4)):
        hit_ratio(length, slots)


if __name__ == "__main__":
    main()
