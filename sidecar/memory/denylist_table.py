"""The denylist's buckets as numpy arrays, and what is done to many of them at once.

For who fills the list, sweeps it or counts. Readers do without, and without numpy's memory (some 20 MiB a process).

The arrays are the shared memory itself. numpy stores an aligned number of 1, 4 or 8 bytes in one piece, one array after
the other, in the order of the statements: the order that ``denylist.py`` asks for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, isinf

import numpy as np
from numpy.typing import NDArray

from sidecar.memory.denylist_layout import DIGEST_BYTES, EXPIRIES, FARTHEST, NEVER, REACH, SLOTS, Geometry
from sidecar.memory.layout import LINE
from sidecar.memory.segment import Segment

#: A digest is two words here: compared and copied, never counted with, so their byte order does not matter.
WORDS = DIGEST_BYTES // 8
_BUCKET = np.dtype(
    {
        "names": ["digests", "expiries", "reach"],
        "formats": [(np.uint64, (SLOTS, WORDS)), (np.uint32, (SLOTS,)), np.uint8],
        "offsets": [0, EXPIRIES, REACH],
        "itemsize": LINE,
    }
)

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Buckets:
    """Some buckets, those of a shard or all: ``digests`` (n, 3, 2), ``expiries`` (n, 3) and ``reach`` (n)."""

    digests: NDArray[np.uint64]
    expiries: NDArray[np.uint32]
    reach: NDArray[np.uint8]


def all_buckets(segment: Segment, measures: Geometry) -> Buckets:
    """Return all buckets. As long as it is held, the segment cannot be closed."""
    whole = np.frombuffer(segment.memory, dtype=_BUCKET, count=measures.buckets, offset=LINE)
    return Buckets(whole["digests"], whole["expiries"], whole["reach"])


def shards(buckets: Buckets, measures: Geometry) -> Iterator[Buckets]:
    """Give shard after shard."""
    size = measures.shard_buckets
    for start in range(0, measures.buckets, size):
        part = slice(start, start + size)
        yield Buckets(buckets.digests[part], buckets.expiries[part], buckets.reach[part])


def postpone(buckets: Buckets, seconds: float) -> None:
    """Add whole seconds to all expiries that there are, as far as never."""
    later = np.full(buckets.expiries.shape, NEVER, dtype=np.uint32)
    if not isinf(seconds):
        added = buckets.expiries.astype(np.uint64) + np.uint64(ceil(seconds))
        later = np.minimum(added, NEVER).astype(np.uint32)
    buckets.expiries[...] = np.where(buckets.expiries == 0, buckets.expiries, later)


def homes(digests: NDArray[np.uint64], measures: Geometry) -> Numbers:
    """Return the home of each digest (n, 2)."""
    words: NDArray[np.uint32] = np.ascontiguousarray(digests).view("<u4")[:, 0]
    return words.astype(np.int64) % measures.buckets


def expired(buckets: Buckets, now: float) -> NDArray[np.bool_]:
    """Return which slots (n, 3) are taken by what is over at ``now``."""
    over: NDArray[np.bool_] = (buckets.expiries != 0) & (buckets.expiries <= now)
    return over


def erase(buckets: Buckets, which: NDArray[np.bool_]) -> None:
    """Erase slots, expiry first."""
    buckets.expiries[which] = 0
    buckets.digests[which] = 0


def set_reach(buckets: Buckets, measures: Geometry) -> None:
    """Have each home's reach be what it must, no more: entries that are gone make look-ups short again.

    INVARIANT: no reach is lowered below an entry that is there, not even for a moment: each is one store.
    """
    bucket, slot = np.nonzero(buckets.expiries)
    home = homes(buckets.digests[bucket, slot], measures)
    distance = (bucket - home) % measures.shard_buckets
    # What is in a shard that is not its own was never put there; nobody looks for it there either.
    known = (bucket // measures.shard_buckets == home // measures.shard_buckets) & (distance <= FARTHEST)
    wanted = np.zeros_like(buckets.reach)
    np.maximum.at(wanted, home[known], distance[known].astype(np.uint8))
    wrong = np.flatnonzero(wanted != buckets.reach)
    buckets.reach[wrong] = wanted[wrong]


def count(buckets: Buckets, now: float) -> tuple[int, int]:
    """Return how many slots are taken, and how many of them by what is over at ``now``."""
    taken = buckets.expiries != 0
    return int(taken.sum()), int((taken & (buckets.expiries <= now)).sum())
