"""How a slot of the shared cache is laid out, and how its fields are read and written.

A table is buckets of four slots; a slot is a multiple of 64 bytes, its fields aligned, in the machine's byte order::

     0        8     12    14   15   16       24                                   56                    slot_bytes
     ┌────────┬─────┬─────┬────┬────┬────────┬────────────────────────────────────┬──────────────────────────┐
     │checksum│stamp│ len │kind│part│ expiry │              key                   │  len bytes of value      │
     │  u64   │ u32 │ u16 │ u8 │ u8 │  f64   │              32 bytes              │  and nothing that counts │
     └────────┴─────┴─────┴────┴────┴────────┴────────────────────────────────────┴──────────────────────────┘
                    └───────────────── the body: what the checksum is over ──────────────┘

checksum
    xxh3_64 of the body, seeded. The seed is secret and not kept in the segment: who can choose values, but not the
    seed, cannot make a mixture of two of them pass. A segment of zeros is an empty table.
stamp
    When it was last used, in 1/16 s, modulo 2^32. Outside the checksum: whoever reads a slot writes it, so it may be
    wrong, and then only the choice of what to put out is.
kind
    1: what the caller calls positive, 2: negative.
part
    ``index * 16 + count``: a value that does not fit into one slot is parts in several, each a slot of its own right
    with the same key. Each part of several begins with 8 bytes, xxh3_64 of the whole value: parts of different values,
    or with different expiries, are never put together.
expiry
    Seconds since the epoch; 0.0 in a slot that is empty or being written.
key
    32 bytes. Their first two 32-bit words choose the buckets, the word of 64 bits at 16 is the *tag* that a slot is
    looked for by; all 32 bytes are compared before a slot is believed.
"""

from dataclasses import dataclass
from struct import Struct
from typing import NamedTuple

KEY_BYTES = 32
SLOTS = 4  #: to a bucket
LINE = 64  #: bytes of a cache line
MAX_SLOT_BYTES = 1 << 16  #: the length has 16 bits
HEADER = 56  #: bytes before the value
BODY = 12  #: where the body begins
EXPIRY, KEY = 16, 24  #: where these begin
POSITIVE, NEGATIVE = 1, 2
#: An entry takes half of its eight candidates at the most.
MAX_PARTS = 4
#: What parts of several begin with.
BINDING = Struct("=Q")
EXPIRY_FIELD = Struct("=d")
STAMPS_PER_SECOND = 16
STAMP_MASK = 0xFFFFFFFF

#: From the beginning of a slot: checksum, stamp, length.
FRONT = Struct("=QIH")
#: From the beginning of a slot up to the key: checksum, stamp, length, kind, part, expiry.
HEAD = Struct("=QIHBBd")
#: The body up to the value: length, kind, part, expiry, key.
BODY_HEAD = Struct("=HBBd32s")
STAMP = Struct("=I")
STAMP_AT, PART_AT = 8, 15
#: In a key: the words that choose the two buckets, and the tag.
PLACE = Struct("=II8xQ8x")


class Entry(NamedTuple):
    """What a key was found to stand for. A named tuple: of all immutable values it is made fastest."""

    value: bytes
    expires_at: float  #: seconds since the epoch
    negative: bool


@dataclass(frozen=True, slots=True)
class Geometry:
    """The measures of one table: where its buckets are, and how large their slots."""

    offset: int
    slot_bytes: int
    buckets: int  #: even; the first candidate is in the first half, the second in the other, so they are always two

    @property
    def slots(self) -> int:
        """Return how many slots there are."""
        return self.buckets * SLOTS

    @property
    def bucket_bytes(self) -> int:
        """Return the size of a bucket."""
        return self.slot_bytes * SLOTS

    @property
    def room(self) -> int:
        """Return how many bytes of value a slot has."""
        return self.slot_bytes - HEADER


def geometry(offset: int, budget: int, slot_bytes: int) -> Geometry:
    """Lay a table into ``budget`` bytes from ``offset`` on; raises ``ValueError`` where not even one pair fits."""
    if slot_bytes % LINE or not 2 * LINE <= slot_bytes <= MAX_SLOT_BYTES:
        raise ValueError(f"slots of {slot_bytes} bytes: a multiple of {LINE} from {2 * LINE} to {MAX_SLOT_BYTES}")
    pairs = budget // (2 * SLOTS * slot_bytes)
    if not pairs:
        raise ValueError(f"{budget} bytes are too few for a cache with slots of {slot_bytes}")
    return Geometry(offset, slot_bytes, 2 * pairs)


def tags_of(slot_bytes: int) -> Struct:
    """Return what reads the tags of a whole bucket at once."""
    return Struct("=" + f"{KEY + 16}xQ{slot_bytes - KEY - 24}x" * SLOTS)


def expiries_of(slot_bytes: int) -> Struct:
    """Return what reads the expiries of a whole bucket at once."""
    return Struct("=" + f"{EXPIRY}xd{slot_bytes - EXPIRY - 8}x" * SLOTS)


def ranks_of(slot_bytes: int) -> Struct:
    """Return what reads stamp, expiry and tag of each slot of a bucket at once: twelve numbers."""
    return Struct("=" + f"{STAMP_AT}xI4xd{KEY - EXPIRY + 8}xQ{slot_bytes - KEY - 24}x" * SLOTS)


def stamp_of(now: float) -> int:
    """Return the stamp of ``now``, which must be finite."""
    return int(now * STAMPS_PER_SECOND) & STAMP_MASK
