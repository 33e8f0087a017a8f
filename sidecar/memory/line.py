"""Lines of shared memory with one writer each and any number of readers, without locks.

    0        8                                                              64
    ┌────────┬───────────────────────────────────────────────────────────────┐
    │checksum│                        body: 56 bytes                         │
    └────────┴───────────────────────────────────────────────────────────────┘

The checksum is xxh3_64 of the body. A line is written as a whole, and copied before it is looked at. INVARIANT: only a
copy whose checksum is right is believed; nothing relies on the order of stores, nor on their being atomic. The seed of
the checksum is the line's number and the layout's version: neither another line nor another version's is ever taken
for it. It is no secret: it keeps accidents out, not attackers, who cannot write here in the first place.
"""

import mmap
from dataclasses import dataclass

from xxhash import xxh3_64_digest

from sidecar.memory.layout import LINE

CHECKSUM_BYTES = 8
BODY_BYTES = LINE - CHECKSUM_BYTES
#: How often a reader looks before it says "unknown". A write takes well under a microsecond.
ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines in ``memory`` from ``offset`` on, of a layout of this ``version``; all who share them agree on it."""

    memory: mmap.mmap
    offset: int
    version: int

    def write(self, number: int, body: bytes) -> None:
        """Write a line: 56 bytes. By its one writer only."""
        start = self.offset + number * LINE
        self.memory[start : start + LINE] = xxh3_64_digest(body, self._seed(number)) + body

    def read(self, number: int) -> bytes | None:
        """Return a copy of the body; ``None`` where the line was never written, or not to its end.

        A write under way is waited for by looking again, a few times. A line whose writer was killed in the middle of a
        write stays unknown until somebody writes it anew.
        """
        start = self.offset + number * LINE
        for _ in range(ATTEMPTS):
            copy = self.memory[start : start + LINE]
            body = copy[CHECKSUM_BYTES:]
            if xxh3_64_digest(body, self._seed(number)) == copy[:CHECKSUM_BYTES]:
                return body
        return None

    def _seed(self, number: int) -> int:
        return self.version << 32 | number
