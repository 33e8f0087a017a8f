"""What the denylist in shared memory costs: filling it, looking into it, keeping it.

    python benchmarks/denylist.py

A million entries: seconds to load them with one process and with two, and from (issuer, kind, value) on, with their
keyed digests; microseconds of a look-up, empty, of a few entries and of a full list; bytes an entry. Ratios carry over
to other machines, times do not. Every answer is looked at: a wrong one, and nothing else, is an error.
"""

import os
import sys
import time
from collections.abc import Callable

import numpy as np

from sidecar.memory import segment
from sidecar.memory.denylist import Denylist
from sidecar.memory.denylist_fill import Digests, Expiries, fill
from sidecar.memory.denylist_layout import budget, geometry
from sidecar.memory.denylist_table import all_buckets
from sidecar.memory.denylist_writer import DenylistWriter
from sidecar.memory.segment import Segment
from sidecar.verify.hashing.algorithm import Algorithm
from sidecar.verify.hashing.pool import HashPool
from sidecar.verify.hashing.rows import joined, prefixed_values

ENTRIES, FEW = 1_000_000, 1000
LOOK_UPS, ROUNDS = 100_000, 7
NOW, LATER = 1_750_000_000.0, 1_750_003_600


def demand(right: bool, what: str) -> None:  # noqa: FBT001 - a condition
    """End with an error if something is wrong."""
    if not right:
        sys.exit(f"WRONG: {what}")


def seconds(work: Callable[[], object]) -> float:
    """Return what it takes, once."""
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def random_digests(number: int) -> Digests:
    """Return digests as (n, 16)."""
    return np.frombuffer(os.urandom(16 * number), dtype=np.uint8).reshape(-1, 16)


def for_long(number: int) -> Expiries:
    """Return as many expiries."""
    return np.full(number, LATER, dtype=np.uint32)


def new_list(entries: int) -> Segment:
    """Return memory for a list."""
    return segment.create(segment.pages(budget(entries)))


def loading() -> None:
    """Print how long a million takes."""
    digests, expiries = random_digests(ENTRIES), for_long(ENTRIES)
    with new_list(ENTRIES) as shared, DenylistWriter(shared) as writer:
        alone = seconds(lambda: writer.load(digests, expiries, NOW))
        again = seconds(lambda: writer.load(digests, expiries, NOW))
        sweep = seconds(lambda: writer.sweep(NOW))
        counts = writer.counts(NOW)
        demand(counts.entries == ENTRIES, "not all are loaded")
        print(f"load           {alone:8.2f} s for {ENTRIES:,} digests, one process")
        print(f"  again        {again:8.2f} s with all of them there already")
        print(f"  sweep        {sweep * 1e3:8.1f} ms that finds nothing to do; load factor {counts.load_factor:.2f}")
        print(f"bytes/entry    {shared.size / counts.capacity:8.1f} of {shared.size / 2**20:.1f} MiB")
        reach = all_buckets(shared, writer.measures).reach
        print(f"  at home      {np.mean(reach == 0):8.1%} of look-ups end there; {1 + reach.mean():.2f} lines each")
        del reach
    with new_list(ENTRIES) as shared, DenylistWriter(shared) as writer:
        together = seconds(lambda: fill_by_two(shared, digests, expiries, writer))
        demand(writer.counts(NOW).entries == ENTRIES, "not all are loaded")
        print(f"  by two       {together:8.2f} s, ratio {alone / together:.2f}")


def fill_by_two(shared: Segment, digests: Digests, expiries: Expiries, writer: DenylistWriter) -> None:
    """Fill one half of the shards here and the other in another process."""
    half = geometry(shared.size).shards // 2
    child = os.fork()
    fill(shared, digests, expiries, NOW, range(half, 2 * half) if child else range(half))
    if not child:
        os._exit(0)
    demand(os.waitpid(child, 0)[1] == 0, "the other process failed")
    writer.settle()


def from_names() -> None:
    """Print how long it takes from names on, as they would come out of a file."""
    names = [os.urandom(12).hex().encode() for _ in range(ENTRIES)]
    key = os.urandom(32)
    with HashPool(2) as pool, new_list(ENTRIES) as shared, DenylistWriter(shared) as writer:
        pool.hash_many(Algorithm.BLAKE2B_128, *joined([b"warm"] * 10_000), key)
        before = time.perf_counter()
        rows = joined(prefixed_values(b"https://issuer.example", b"jti", names))
        prefixed = time.perf_counter()
        digests = pool.hash_many(Algorithm.BLAKE2B_128, *rows, key)
        hashed = time.perf_counter()
        writer.load(digests.view(np.uint8), for_long(ENTRIES), NOW)
        end = time.perf_counter()
        demand(writer.counts(NOW).entries == ENTRIES, "not all are loaded")
        parts = f"{prefixed - before:.2f} fields to rows, {hashed - prefixed:.2f} digests, {end - hashed:.2f} load"
        print(f"from names     {end - before:8.2f} s ({parts})")


def microseconds(work: Callable[[bytes], object], digests: list[bytes]) -> float:
    """Return the least CPU time of several rounds, per digest."""
    best = float("inf")
    for _ in range(ROUNDS):
        before = time.process_time()
        for digest in digests:
            work(digest)
        best = min(best, time.process_time() - before)
    return best / len(digests) * 1e6


def looking_up(entries: int) -> None:
    """Print what a look-up costs in a list of so many."""
    loaded, unknown = random_digests(max(entries, 1)), [os.urandom(16) for _ in range(LOOK_UPS)]
    known = [row.tobytes() for row in loaded[:LOOK_UPS]]
    with new_list(max(entries, 1)) as shared, DenylistWriter(shared) as writer, Denylist(shared) as reader:
        writer.load(loaded[:entries], for_long(entries), NOW)
        print(f"list of {entries:,}")
        print(f"  miss         {microseconds(lambda digest: reader.contains(digest, NOW), unknown):8.2f} us")
        if entries:
            print(f"  hit          {microseconds(lambda digest: reader.contains(digest, NOW), known):8.2f} us")
            print(f"  five at once {microseconds(lambda digest: reader.look_up([digest] * 5, NOW), unknown):8.2f} us")
        demand(all(reader.contains(digest, NOW) for digest in known) is (entries > 0), "one is missing")
        demand(not any(reader.contains(digest, NOW) for digest in unknown), "one was never added")


def baselines() -> None:
    """Print what the same loop costs around next to nothing."""
    unknown = [os.urandom(16) for _ in range(LOOK_UPS)]
    with new_list(1) as shared, Denylist(shared) as reader:
        print(f"epoch alone    {microseconds(lambda _: reader.epoch, unknown):8.2f} us")
        print(f"emptiness      {microseconds(lambda _: reader.is_empty, unknown):8.2f} us")
    print(f"calling alone  {microseconds(lambda digest: digest, unknown):8.2f} us (is in each look-up)")
    held = set(map(bytes, random_digests(FEW)))
    print(f"a set          {microseconds(lambda digest: digest in held, unknown):8.2f} us, of {FEW:,} in this process")


def main() -> None:
    """Measure and print."""
    loading()
    from_names()
    for entries in (0, FEW, ENTRIES):
        looking_up(entries)
    baselines()


if __name__ == "__main__":
    main()
