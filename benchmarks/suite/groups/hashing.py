"""Bulk hashing, in this process and by a pool of two, of strings as long as tokens' names are."""

from contextlib import ExitStack
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import xxhash

from sidecar.verify.hashing.algorithm import Algorithm
from sidecar.verify.hashing.batch import Batch
from sidecar.verify.hashing.fnv import fnv1a_64
from sidecar.verify.hashing.pool import HashPool
from sidecar.verify.hashing.rows import Rows, hash_rows, joined
from suite.measurement import Baseline, Measurement, Unit
from suite.size import Size
from suite.timing import Work, wall

TITLE = "bulk hashing, strings of 40 to 120 bytes"
COSTLY = False
ROWS, ONE_BY_ONE = 200_000, 5000


class _Way(NamedTuple):
    """An algorithm, what is its baseline, and that for so many values."""

    algorithm: Algorithm
    against: str
    values: list[bytes]
    work: Work


def measurements(size: Size, stack: ExitStack) -> list[Measurement]:
    """Measure three algorithms: at once in this process, and in place by two workers."""
    rows = _strings(size.number(ROWS, 100))
    values = [bytes(rows.data[start:end]) for start, end in pairwise(rows.offsets.tolist())]
    few = values[:ONE_BY_ONE]
    ways = (
        _Way(Algorithm.XXH64, "the xxhash library, one by one", values, lambda: list(map(xxhash.xxh64_digest, values))),
        _Way(
            Algorithm.XXH3_128,
            "the xxhash library, one by one",
            values,
            lambda: list(map(xxhash.xxh3_128_digest, values)),
        ),
        _Way(Algorithm.FNV1A_64, "Python, one by one", few, lambda: list(map(fnv1a_64, few))),
    )
    pool = stack.enter_context(HashPool(2))
    return [line for way in ways for line in _lines(way, rows, pool, size.seconds, stack)]


def _lines(way: _Way, rows: Rows, pool: HashPool, seconds: float, stack: ExitStack) -> list[Measurement]:
    number, name, algorithm = len(rows.offsets) - 1, way.algorithm.name, way.algorithm
    # A wrong digest would be nothing to measure.
    right = hash_rows(algorithm, *rows)
    assert (hash_rows(algorithm, *joined(way.values)) == right[: len(way.values)]).all()  # noqa: S101
    batch = stack.enter_context(Batch(algorithm, number, len(rows.data)))
    batch.data[:] = np.frombuffer(rows.data, dtype=np.uint8)
    batch.offsets[:] = rows.offsets
    pool.hash_batch(batch)
    assert (batch.digests == right).all()  # noqa: S101
    baseline = Baseline(way.against, wall(way.work, len(way.values), seconds))
    here = wall(lambda: hash_rows(algorithm, *rows), number, seconds)
    shown = name.lower().replace("_", "-")
    return [
        Measurement(f"hash-{shown}", f"{shown}, in this process", Unit.RATE, here, baseline),
        Measurement(
            f"hash-{shown}-pool",
            f"{shown}, in place by two workers",
            Unit.RATE,
            wall(lambda: pool.hash_batch(batch), number, seconds),
            baseline,
        ),
    ]


def _strings(number: int) -> Rows:
    chance = np.random.default_rng(1)
    offsets = np.concatenate(([0], chance.integers(40, 121, number).cumsum()))
    return Rows(chance.bytes(int(offsets[-1])), offsets)
