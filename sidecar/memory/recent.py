"""The last few things that each of several processes had to say, in memory that others look at.

One ring of slots for each process, written round and round by it alone::

    0        8        16    18                                    1024
    ┌────────┬────────┬─────┬───────────────────────────────────────┐
    │checksum│ number │ len │ len bytes of text, the rest is zeros  │
    │  u64   │  u64   │ u16 │                                       │
    └────────┴────────┴─────┴───────────────────────────────────────┘
             └────────────── what the checksum is over ─────────────┘

The checksum is xxh3_64, seeded with the slot's place and the layout's version. INVARIANT: as in ``line.py``, a slot is
copied before it is looked at, and only a copy whose checksum is right is believed; so nothing is locked, and a process
may be killed at any instant: what it had half written is not there. ``number`` counts what the process has written,
from 1 on, over its incarnations: the next one goes on behind the highest that it finds. A slot of zeros is empty.
"""

from collections.abc import Iterator
from struct import Struct

from xxhash import xxh3_64_digest

from sidecar.memory.segment import Segment

SLOTS, SLOT_BYTES = 64, 1024
#: Raise it with every change of the layout.
_VERSION = 1
_HEAD = Struct("=QH")
_CHECKSUM_BYTES = 8
#: Bytes of the longest text.
ROOM = SLOT_BYTES - _CHECKSUM_BYTES - _HEAD.size
RING_BYTES = SLOTS * SLOT_BYTES


def size(rings: int) -> int:
    """Return the bytes that so many rings take."""
    return rings * RING_BYTES


class RecentRing:
    """The ring ``index`` in ``segment``. Raises ``ValueError`` where the segment has none of that number."""

    def __init__(self, segment: Segment, index: int) -> None:
        if not 0 <= size(index) <= segment.size - RING_BYTES:
            raise ValueError(f"ring {index}: a segment of {segment.size} bytes has {segment.size // RING_BYTES}")
        self._memory, self._index = segment.memory, index
        self._number: int | None = None

    def put(self, text: bytes) -> None:
        """Keep ``text``, in the place of the oldest; what is longer than ``ROOM`` is cut. By its one writer only."""
        if self._number is None:
            self._number = max((number for number, _ in self.read()), default=0)
        self._number += 1
        place = self._number % SLOTS
        cut = text[:ROOM]
        body = _HEAD.pack(self._number, len(cut)) + cut.ljust(ROOM, b"\0")
        start = self._start(place)
        self._memory[start : start + SLOT_BYTES] = xxh3_64_digest(body, self._seed(place)) + body

    def read(self) -> Iterator[tuple[int, bytes]]:
        """Give number and text of each that is there, in no order. Any process may."""
        for place in range(SLOTS):
            start = self._start(place)
            copy = self._memory[start : start + SLOT_BYTES]
            body = copy[_CHECKSUM_BYTES:]
            if xxh3_64_digest(body, self._seed(place)) == copy[:_CHECKSUM_BYTES]:
                number, length = _HEAD.unpack_from(body)
                yield number, body[_HEAD.size : _HEAD.size + length]

    def _start(self, place: int) -> int:
        return self._index * RING_BYTES + place * SLOT_BYTES

    def _seed(self, place: int) -> int:
        return _VERSION << 48 | self._index << 16 | place
