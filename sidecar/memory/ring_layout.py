"""How a ring lies in memory: four lines that its two ends tell each other by, and a circle of bytes for the records.

A region of a segment, from a multiple of 64 on, numbers in the machine's byte order::

      0 ┌─ hello ──── the producer: who it is ───────────────────────────┐
     64 ├─ answer ─── the consumer: whom it reads, and who it is ────────┤  each in a cache line of its own, and
    128 ├─ written ── the producer: how many records there are ──────────┤  written by one of the two alone
    192 ├─ read ───── the consumer: how many records and bytes it took ──┤
    256 ├─ records, each from a multiple of 64 on; what does not fit ────┤
        │  before the end goes on at the beginning                       │
        └────────────────────────────────────────────────────────────────┘

Hello, answer and read are one struct, ``NOTE``::

     0        8        16       24       32       40       48
     ┌────────┬────────┬────────┬────────┬────────┬────────┐
     │checksum│  kind  │producer│consumer│ bytes  │records │   checksum: xxh3_64 of what comes after it, seeded
     └────────┴────────┴────────┴────────┴────────┴────────┘

A record is a header and its content::

     0        8        16       24       32     36          36 + length
     ┌────────┬────────┬────────┬────────┬──────┬───────────────────┐
     │checksum│producer│consumer│sequence│length│      content      │
     │  u64   │  u64   │  u64   │  u64   │ u32  │                   │
     └────────┴────────┴────────┴────────┴──────┴───────────────────┘
              └──────────── what the checksum is over ──────────────┘

checksum
    xxh3_64, seeded with a secret of 64 bits that is not kept in the segment: who can choose contents, but not the seed,
    cannot make a mixture of two records pass.
producer, consumer
    Two random numbers, one drawn by each end: the session (``ring.py``). 0 is nobody.
sequence
    0, 1, 2, … within the session.

Written is how many records there are in the session, and the session: three u64, without a checksum, for nothing that
is right or wrong hangs on them.
A region of zeros is a ring that nobody uses.
"""

import mmap
import secrets
from dataclasses import dataclass
from struct import Struct
from typing import NamedTuple

from xxhash import xxh3_64_intdigest

LINE = 64  #: bytes of a cache line
HELLO, ANSWER, WRITTEN, READ = 0, 64, 128, 192  #: where the lines are; also the kind of a note
RECORDS = 256  #: where the records begin
#: Checksum, kind, producer, consumer, bytes, records.
NOTE = Struct("=QQQQQQ")
#: Written: records, producer, consumer.
WRITTEN_ALL = Struct("=QQQ")
RECORDS_WRITTEN = Struct("=Q")
CHECKSUM = Struct("=Q")
#: Checksum, producer, consumer, sequence, length.
HEADER = Struct("=QQQQI")
#: The header from behind the checksum on.
BODY_HEAD = Struct("=QQQI")
NOBODY = 0


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a segment, in bytes. Raises ``ValueError`` where it is no place for a ring."""

    offset: int  #: a multiple of 64
    size: int  #: a multiple of 64, 320 at least

    def __post_init__(self) -> None:
        """See that lines are lines, and that there is one for a record."""
        if self.offset < 0 or self.offset % LINE or self.size % LINE or self.size < RECORDS + LINE:
            raise ValueError(
                f"a ring of {self.size} bytes at {self.offset}: multiples of {LINE}, from {RECORDS + LINE} up"
            )

    @property
    def end(self) -> int:
        """Return where it ends."""
        return self.offset + self.size

    @property
    def capacity(self) -> int:
        """Return how many bytes there are for records, their headers included."""
        return self.size - RECORDS

    def must_fit(self, memory: mmap.mmap) -> None:
        """Raise ``ValueError`` where it leads out of ``memory``."""
        if self.end > len(memory):
            raise ValueError(f"a ring up to {self.end} in a segment of {len(memory)} bytes")


class Note(NamedTuple):
    """What a line says."""

    producer: int
    consumer: int
    bytes: int
    records: int


def write_note(kind: int, note: Note, seed: int) -> bytes:
    """Return the line that says ``note``."""
    body = NOTE.pack(0, kind, *note)[CHECKSUM.size :]
    return CHECKSUM.pack(xxh3_64_intdigest(body, seed)) + body


def read_note(kind: int, line: bytes, seed: int) -> Note | None:
    """Return what ``line``, a copy, says, or ``None`` if it is torn or of another kind."""
    checksum, found, *fields = NOTE.unpack(line)
    if found != kind or xxh3_64_intdigest(line[CHECKSUM.size :], seed) != checksum:
        return None
    return Note(*fields)


def draw() -> int:
    """Return a number that no end has had before (but for one in 2^64), and that nobody can guess."""
    return secrets.randbelow((1 << 64) - 1) + 1


def padded(length: int) -> int:
    """Return what a record with so many bytes of content takes of the circle."""
    return -(-(HEADER.size + length) // LINE) * LINE
