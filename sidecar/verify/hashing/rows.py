"""Rows of bytes, and the digest of each, in this process."""

from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.verify.hashing.algorithm import Algorithm
from sidecar.verify.hashing.fnv import fnv1a_64_many

#: Rows at a time: their digests are Python objects until they are in the array.
_ROWS = 1 << 15
_LENGTH_BYTES = 4

Buffer = bytes | bytearray | memoryview | NDArray[np.uint8]
#: (n) of ``uint64``, or (n, 16) of ``uint8``: digests as the algorithm's authors print them.
Digests = NDArray[np.uint64] | NDArray[np.uint8]


class Rows(NamedTuple):
    """Byte strings, one after the other: row ``i`` is ``data[offsets[i]:offsets[i + 1]]``."""

    data: Buffer
    offsets: NDArray[np.int64]  #: n + 1 of them


def joined(values: Iterable[bytes]) -> Rows:
    """Return byte strings as rows."""
    listed = list(values)
    offsets = np.fromiter(accumulate(map(len, listed), initial=0), dtype=np.int64, count=len(listed) + 1)
    return Rows(b"".join(listed), offsets)


def length_prefixed(*fields: bytes) -> bytes:
    """Return fields as one byte string, each behind its length in 4 bytes, big end first.

    No other fields give the same bytes: ("ab", "c") is not ("a", "bc"). Raises ``OverflowError`` for 4 GiB and more.
    """
    return b"".join(chain.from_iterable((len(field).to_bytes(_LENGTH_BYTES, "big"), field) for field in fields))


def prefixed_values(first: bytes, second: bytes, values: Sequence[bytes]) -> list[bytes]:
    """Return what ``length_prefixed`` does for each of ``values`` as the third field."""
    front = length_prefixed(first, second)
    heads = {length: front + length.to_bytes(_LENGTH_BYTES, "big") for length in set(map(len, values))}
    return [heads[len(value)] + value for value in values]


def empty_digests(algorithm: Algorithm, rows: int) -> Digests:
    """Return an array for the digests of so many rows."""
    if algorithm.digest_bytes == 8:  # noqa: PLR2004 - of 64 bits
        return np.empty(rows, dtype=np.uint64)
    return np.empty((rows, algorithm.digest_bytes), dtype=np.uint8)


def checked(data: Buffer, offsets: NDArray[np.integer]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return both as arrays; raises ``ValueError`` for offsets that go back, or out of ``data``."""
    whole = np.frombuffer(data, dtype=np.uint8)
    if offsets.ndim != 1 or not len(offsets) or not np.issubdtype(offsets.dtype, np.integer):
        raise ValueError(f"offsets of shape {offsets.shape} and {offsets.dtype}: n + 1 whole numbers for n rows")
    bounds = offsets.astype(np.int64)
    if bounds[0] < 0 or bounds[-1] > len(whole) or (bounds[1:] < bounds[:-1]).any():
        raise ValueError(f"offsets must ascend from 0 on and stay within {len(whole)} bytes")
    return whole, bounds


def hash_rows(algorithm: Algorithm, data: Buffer, offsets: NDArray[np.integer], key: bytes = b"") -> Digests:
    """Return the digest of each row. Raises ``ValueError`` for wrong offsets (``checked``) or key (``check_key``)."""
    algorithm.check_key(key)
    whole, bounds = checked(data, offsets)
    out = empty_digests(algorithm, len(bounds) - 1)
    hash_into(algorithm, whole, bounds, out, key)
    return out


def hash_into(
    algorithm: Algorithm, data: NDArray[np.uint8], offsets: NDArray[np.int64], out: Digests, key: bytes = b""
) -> None:
    """Write the digests of rows that have been ``checked`` to ``out``."""
    if algorithm is Algorithm.FNV1A_64:
        fnv1a_64_many(data, offsets, out.view(np.uint64))
        return
    function = algorithm.function(key)
    for first in range(0, len(out), _ROWS):
        bounds = offsets[first : first + _ROWS + 1]
        # Copied once: a slice of bytes is made in half the time of a slice of a view.
        some = data[bounds[0] : bounds[-1]].tobytes()
        found = b"".join([function(some[start:end]) for start, end in pairwise((bounds - bounds[0]).tolist())])
        part = out[first : first + _ROWS]
        part[...] = np.frombuffer(found, dtype=">u8" if part.ndim == 1 else np.uint8).reshape(part.shape)
