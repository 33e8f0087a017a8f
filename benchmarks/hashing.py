"""Bulk hashing: in this process, by one worker and by two, and FNV-1a by column against one by one.

    python benchmarks/hashing.py

A million strings of 40 to 120 bytes, as tokens' names are. Ratios carry over to other machines, times do not. Every
digest of the pool is held against the one that this process computes: a wrong one, and nothing else, is an error.
"""

import sys
import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from sidecar.verify.hashing.algorithm import Algorithm
from sidecar.verify.hashing.batch import Batch
from sidecar.verify.hashing.fnv import fnv1a_64
from sidecar.verify.hashing.pool import HashPool
from sidecar.verify.hashing.rows import Rows, hash_rows, joined

ROWS, ONE_BY_ONE, ROUNDS = 1_000_000, 20_000, 5
KEY = bytes(range(32))


def demand(right: bool, what: str) -> None:  # noqa: FBT001 - a condition
    """End with an error if something is wrong."""
    if not right:
        sys.exit(f"WRONG: {what}")


def strings() -> Rows:
    """Return a million strings of 40 to 120 bytes."""
    chance = np.random.default_rng(1)
    offsets = np.concatenate(([0], chance.integers(40, 121, ROWS).cumsum()))
    return Rows(chance.bytes(int(offsets[-1])), offsets)


def best(*work: Callable[[], object]) -> list[float]:
    """Return the least seconds of each, taken in turn, so that none has the quieter machine."""
    found = [float("inf")] * len(work)
    for _ in range(ROUNDS):
        for number, one in enumerate(work):
            before = time.perf_counter()
            one()
            found[number] = min(found[number], time.perf_counter() - before)
    return found


def compare(algorithm: Algorithm, rows: Rows, one: HashPool, two: HashPool) -> None:
    """Print a line of the table."""
    key = KEY if algorithm is Algorithm.BLAKE2B_128 else b""
    right = hash_rows(algorithm, *rows, key)
    for pool in (one, two):
        demand(bool((pool.hash_many(algorithm, *rows, key) == right).all()), f"{algorithm.name} by a pool")
    with Batch(algorithm, ROWS, len(rows.data)) as batch:
        batch.data[:] = np.frombuffer(rows.data, dtype=np.uint8)
        batch.offsets[:] = rows.offsets
        here, by_one, by_two, in_place = best(
            lambda: hash_rows(algorithm, *rows, key),
            lambda: one.hash_many(algorithm, *rows, key),
            lambda: two.hash_many(algorithm, *rows, key),
            lambda: two.hash_batch(batch, key),
        )
        demand(bool((batch.digests == right).all()), f"{algorithm.name} in place")
    rates = " ".join(f"{ROWS / time / 1e6:9.2f}" for time in (here, by_one, by_two, in_place))
    print(f"{algorithm.name:12} {rates}   {by_one / by_two:9.2f} {here / by_two:9.2f} {here / in_place:9.2f}")


def columns(rows: Rows) -> None:
    """Print what going by column gains."""
    data, some = rows.data, rows.offsets[: ONE_BY_ONE + 1]
    assert isinstance(data, bytes)  # noqa: S101 - as strings() made them
    values = [data[start:end] for start, end in pairwise(some.tolist())]
    demand(list(map(fnv1a_64, values)) == hash_rows(Algorithm.FNV1A_64, *joined(values)).tolist(), "FNV-1a by column")
    alone, together = best(lambda: list(map(fnv1a_64, values)), lambda: hash_rows(Algorithm.FNV1A_64, data, some))
    print(f"FNV-1a of {ONE_BY_ONE:,}: one by one {alone * 1e3:.0f} ms, by column {together * 1e3:.1f} ms, ", end="")
    print(f"ratio {alone / together:.1f}")


def main() -> None:
    """Measure and print."""
    rows = strings()
    print("million/s         here     1 wkr     2 wkr  in place     2 to 1   2 to here  in place to here")
    with HashPool(1) as one, HashPool(2) as two:
        for algorithm in Algorithm:
            compare(algorithm, rows, one, two)
    columns(rows)


if __name__ == "__main__":
    main()
