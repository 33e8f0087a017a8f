"""Rows and room for their digests, in memory that processes share.

0                       8 (n + 1)                  + n * digest bytes
┌───────────────────────┬──────────────────────────┬──────────────────────┐
│ offsets: i64, n + 1   │ digests: n of 8 or 16    │ data                 │
└───────────────────────┴──────────────────────────┴──────────────────────┘
"""

import mmap
from contextlib import suppress
from itertools import pairwise
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from sidecar.memory import segment
from sidecar.memory.segment import Segment
from sidecar.verify.hashing.algorithm import Algorithm
from sidecar.verify.hashing.rows import Digests, hash_into

_OFFSET_BYTES = 8


class Batch:
    """``rows`` rows of ``data_bytes`` in all, in a segment of their own: fill ``data`` and ``offsets``.

    Those who only fill it in place copy nothing. The arrays are the memory itself: let go of them before ``close``,
    which is a ``BufferError`` otherwise.
    """

    def __init__(self, algorithm: Algorithm, rows: int, data_bytes: int, held: Segment | None = None) -> None:
        self.algorithm = algorithm
        self.rows, self.data_bytes = rows, data_bytes
        digests_at = _OFFSET_BYTES * (rows + 1)
        data_at = digests_at + algorithm.digest_bytes * rows
        self._segment = held or segment.create(segment.pages(data_at + data_bytes), "ext-authz-hashing")
        memory = self._segment.memory
        self.offsets: NDArray[np.int64] = np.frombuffer(memory, np.int64, rows + 1)
        self.data: NDArray[np.uint8] = np.frombuffer(memory, np.uint8, data_bytes, data_at)
        self.digests: Digests = _digests(algorithm, memory, rows, digests_at)

    def fileno(self) -> int:
        """Return the descriptor to hand to another process."""
        return self._segment.fileno()

    def work(self, part: range, key: bytes) -> None:
        """Hash some of the rows."""
        offsets, out = self.offsets[part.start : part.stop + 1], self.digests[part.start : part.stop]
        hash_into(self.algorithm, self.data, offsets, out, key)

    def close(self) -> None:
        """Give the memory back. May be called twice."""
        for name in ("offsets", "data", "digests"):
            self.__dict__.pop(name, None)
        self._segment.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it; after an error, which may hold on to the arrays, as far as that goes."""
        with suppress(*([BufferError] if error else [])):
            self.close()


def parts(algorithm: Algorithm, offsets: NDArray[np.int64], number: int) -> list[range]:
    """Return the rows in so many parts at most, each about as much work."""
    rows = len(offsets) - 1
    cost = offsets - offsets[0] + np.arange(rows + 1) * algorithm.row_cost
    inner = np.searchsorted(cost, cost[-1] * np.arange(1, number) / number)
    bounds = [0, *inner.tolist(), rows]
    return [range(start, end) for start, end in pairwise(bounds) if start < end]


def _digests(algorithm: Algorithm, memory: mmap.mmap, rows: int, offset: int) -> Digests:
    size = algorithm.digest_bytes
    if size == 8:  # noqa: PLR2004 - of 64 bits
        return np.frombuffer(memory, np.uint64, rows, offset)
    return np.frombuffer(memory, np.uint8, rows * size, offset).reshape(rows, size)
