"""FNV-1a with 64 bits (RFC 9923, sections 2 and 5), for one byte string and, column by column, for many.

    hash = offset basis; for each byte: hash = (hash xor byte) * prime, modulo 2^64

A byte's step needs the step before it, so one string cannot be done in parallel; many can, by column: the first byte of
all, the second of all, and so on. Rows are sorted by length, longest first, so that those which have a byte in a column
are always the first so many. Where few are left, numpy's call costs more than their bytes one by one.
"""

import numpy as np
from numpy.typing import NDArray

OFFSET_BASIS = 0xCBF29CE484222325
PRIME = 0x00000100000001B3
_MASK = (1 << 64) - 1
#: Fewer rows than this in a column are finished one by one: a column costs some 3 us, a byte alone some 0.1.
_FEW = 32
#: Rows at a time, whose bytes and hashes then stay in the processor's cache.
_ROWS = 8192


def fnv1a_64(value: bytes, start: int = OFFSET_BASIS) -> int:
    """Return the hash of one byte string, or of one that goes on where ``start`` was the hash."""
    result = start
    for byte in value:
        result = (result ^ byte) * PRIME & _MASK
    return result


def fnv1a_64_many(data: NDArray[np.uint8], offsets: NDArray[np.int64], out: NDArray[np.uint64]) -> None:
    """Write the hash of each row to ``out`` (n); row ``i`` is ``data[offsets[i]:offsets[i + 1]]``."""
    for first in range(0, len(out), _ROWS):
        last = min(first + _ROWS, len(out))
        starts, lengths = offsets[first:last], np.diff(offsets[first : last + 1])
        longest_first = np.argsort(-lengths, kind="stable")
        out[first + longest_first] = _hashes(data, starts[longest_first], lengths[longest_first])


def _hashes(data: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return the hashes of rows that are sorted by length, longest first."""
    hashes = np.full(len(starts), OFFSET_BASIS, dtype=np.uint64)
    columns = int(lengths[_FEW - 1]) if len(lengths) >= _FEW else 0
    _by_column(data, starts, lengths, hashes, columns)
    longer = int(np.searchsorted(-lengths, -columns, side="left"))
    for row, (start, length) in enumerate(zip(starts[:longer].tolist(), lengths[:longer].tolist(), strict=True)):
        hashes[row] = fnv1a_64(data[start + columns : start + length].tobytes(), int(hashes[row]))
    return hashes


def _by_column(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    lengths: NDArray[np.int64],
    hashes: NDArray[np.uint64],
    columns: int,
) -> None:
    """Take the first ``columns`` bytes of every row into its hash."""
    prime = np.uint64(PRIME)
    at = starts.copy()
    rows_with_column = np.searchsorted(-lengths, -np.arange(columns), side="left").tolist()
    for many in rows_with_column:
        these = hashes[:many]
        these ^= data[at[:many]]
        these *= prime
        at[:many] += 1
