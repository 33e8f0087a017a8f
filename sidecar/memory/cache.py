"""The cache that the processes of one node share: bytes for 32-byte digests, until they expire or room is wanted.

    ┌───────────── 7/8: positive entries ──────────────┬─ 1/8: negative ─┐
    │ slots of 512 bytes, 456 of them for the value    │ slots of 128    │
    └──────────────────────────────────────────────────┴─────────────────┘

Each is a table of its own (``table.py`` says why no lock is needed, ``layout.py`` draws a slot). So negative entries
are bounded by construction, and never push out a positive one. A value of up to 456 bytes costs 512; a longer one takes
two, three or four slots, up to 1792 bytes; what is longer still is not cached.

A segment of zeros is an empty cache: nothing has to be prepared, and a process may join at any time.
"""

from collections.abc import Iterator

from sidecar.memory.counts import CacheCounts
from sidecar.memory.layout import BINDING, LINE, MAX_PARTS, NEGATIVE, POSITIVE, Entry, Geometry, geometry
from sidecar.memory.segment import Segment
from sidecar.memory.table import Table

#: 56 bytes of header and 456 of value, where the identity of a usual token has 350 to 450.
SLOT_BYTES = 512
#: A refusal is a reason and little more: 72 bytes to a slot, 256 in four.
NEGATIVE_SLOT_BYTES = 128
#: One part in so many of the space is for negative entries.
NEGATIVE_SHARE = 8


class SharedCache:
    """A cache in ``segment``, which any number of processes may open, each with the same ``seed`` and ``slot_bytes``.

    ``seed``: a secret of 64 bits, the same for all processes of one start, and not kept in the segment. ``slot_bytes``:
    a multiple of 64, worth raising where most values are too long for 512. Raises ``ValueError`` for a segment that is
    too small.
    """

    def __init__(self, segment: Segment, seed: int, slot_bytes: int = SLOT_BYTES) -> None:
        self.counts = CacheCounts()
        self._segment = segment
        positive, negative = _divide(segment.size, slot_bytes)
        self._positive = Table(segment.memory, positive, POSITIVE, seed, self.counts)
        self._negative = Table(segment.memory, negative, NEGATIVE, seed, self.counts)
        self.slots = positive.slots
        self.negative_slots = negative.slots
        self.max_value_bytes = max(positive.room, MAX_PARTS * (positive.room - BINDING.size))

    def get(self, key: bytes, now: float) -> Entry | None:
        """Return what was put for exactly ``key`` (32 bytes of a keyed hash) and has not expired at ``now``.

        ``now`` is in seconds since the epoch. May miss at any time.
        """
        entry = self._positive.find(key, now) or self._negative.find(key, now)
        if entry is None:
            self.counts.misses += 1
        else:
            self.counts.hits += 1
        return entry

    def put(self, key: bytes, value: bytes, expires_at: float, now: float, *, negative: bool = False) -> bool:
        """Remember ``value`` for ``key`` up to but without ``expires_at``, in place of all that was put for it before.

        Say whether it was done: it is not if the value is too large or its time is over, and then ``key`` is forgotten.
        """
        table, other = (self._negative, self._positive) if negative else (self._positive, self._negative)
        other.discard(key)
        if not now < expires_at:
            table.discard(key)
            return False
        return table.put(key, value, expires_at, now)

    def discard(self, key: bytes) -> None:
        """Forget ``key``."""
        self._positive.discard(key)
        self._negative.discard(key)

    def entries(self, now: float) -> Iterator[tuple[bytes, bytes, float]]:
        """Give key, value and expiry of all positive entries that are live at ``now``; what changes meanwhile may lack.

        Looks, as ``sweep`` does, at what has been written to. Which were used last stays as it is.
        """
        for key in self._positive.keys(now, list(self._segment.extents())):
            found = self._positive.peek(key, now)
            if found is not None:
                yield key, *found

    def sweep(self, now: float) -> int:
        """Erase all whose time is over at ``now``, and return how many slots that made free.

        Walks through what has been written to of the segment, and nothing else: to look at a page is to have it. What
        another process puts in the very same moment may be lost.
        """
        extents = list(self._segment.extents())
        return self._positive.sweep(now, extents) + self._negative.sweep(now, extents)


def _divide(size: int, slot_bytes: int) -> tuple[Geometry, Geometry]:
    """Lay out the two tables; the boundary is at a line of the processor's cache."""
    boundary = size - size // NEGATIVE_SHARE // LINE * LINE
    return geometry(0, boundary, slot_bytes), geometry(boundary, size - boundary, NEGATIVE_SLOT_BYTES)
