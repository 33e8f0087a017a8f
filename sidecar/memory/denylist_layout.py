"""How the denylist is laid out: one header line, then buckets of one line of the processor's cache each.

Everything is aligned, and in the machine's byte order but for what is bytes anyway::

     0       8         16      24           32     40                  64
     ┌───────┬─────────┬───────┬────────────┬──────┬───────────────────┐
     │ state │ entries │ clock │ over until │ gaps │                   │  header
     │  u64  │   u64   │  f64  │    u64     │ u64  │                   │
     └───────┴─────────┴───────┴────────────┴──────┴───────────────────┘
     0          16         32         48        52        56        60      61  64
     ┌──────────┬──────────┬──────────┬─────────┬─────────┬─────────┬───────┬───┐
     │ digest 0 │ digest 1 │ digest 2 │expiry 0 │expiry 1 │expiry 2 │ reach │   │  bucket, as many as there is room for
     │ 16 bytes │ 16 bytes │ 16 bytes │  u32    │  u32    │  u32    │  u8   │   │
     └──────────┴──────────┴──────────┴─────────┴─────────┴─────────┴───────┴───┘

state
    Two numbers of 32 bits in one, since they are good only together (``denylist.py``): ``epoch << 32 | vouched until``.
epoch
    Another one with all that is added: it goes up, from 2^32 - 1 on to 1. 0: nothing ever was.
vouched until
    Seconds since the epoch: so long whoever fills the list stands up for its being complete. 0: it is not, yet.
entries
    Slots that are taken. 0: nobody needs to look anywhere.
clock
    Seconds since the epoch less those since the machine was started, as the writer believes it, for the next writer.
    0: nobody has looked yet.
over until
    The latest expiry of all that was erased, or left out, since it was over, in seconds since the epoch, rounded up. As
    long as that is past, nothing is missing.
gaps
    Times that whoever fills the list learned that there was something which it has never seen.
digest
    128 bits of a keyed hash, compared in full. Its first 32 bits, little-endian, modulo the number of buckets, are its
    *home*. Who does not have the key cannot aim at a bucket.
    In its place there may be a tag, the first 96 bits of such a hash, and behind it a number (u32) that only grows.
expiry
    Seconds since the epoch, rounded up, so never early; 2^32 - 1: never. 0: the slot is free, whatever its digest is.
reach
    Of *this* bucket as a home: how many buckets beyond it the farthest of its entries is. 0, as for nine of ten buckets
    of a full list: all of them are here, and a look-up ends with this one line.

An entry whose home is full goes into the next bucket that has room, round the end of its *shard*: shards are equal
stretches of buckets, of a thousand at least where there is more than one, and an entry never leaves its own. So several
processes may fill a list, each its shards, without meeting.

The capacity is 1.8 of the 3 slots of each bucket, a load factor of 0.6: 35.6 bytes an entry. Full buckets are then rare
enough, and entries near enough to their homes, that there is a place for every entry up to the capacity.
"""

from dataclasses import dataclass
from math import ceil, isnan
from struct import Struct

from sidecar.memory.layout import LINE

DIGEST_BYTES = 16
SLOTS = 3  #: to a bucket
EXPIRIES, REACH = 48, 60  #: where these begin in a bucket
STATE, ENTRIES, CLOCK, OVER_UNTIL, GAPS = range(5)  #: cells of 8 bytes in the header
#: In a state: how far left the epoch is, and what of it is "vouched until".
EPOCH_SHIFT, VOUCHED_UNTIL = 32, 0xFFFFFFFF
#: No entry is farther from its home: the reach has 8 bits.
FARTHEST = 255
NEVER = 0xFFFFFFFF
#: The word of a digest that chooses its home.
HOME = Struct("<I12x")
TAG_BYTES = 12
TAG_HOME = Struct("<I8x")
#: Native, not "=I": struct then copies four bytes at once, and nobody sees half an expiry (``counters.py``).
EXPIRY = Struct("I")
NUMBER = Struct("I")
#: A whole bucket: digests, expiries, reach.
BUCKET = Struct("16s16s16sIIIB3x")
SLOT_EXPIRIES = Struct("III")
#: The capacity, in tenths of an entry a bucket.
_TENTHS = 18
_LEAST_SHARD, _MOST_SHARDS = 1024, 64


class DenylistFullError(Exception):
    """There is no room for what was to be added. Nothing that is on the list was touched."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """The measures of a list; all who share a segment come to the same ones."""

    shards: int
    shard_buckets: int  #: to a shard

    @property
    def buckets(self) -> int:
        """Return how many buckets there are."""
        return self.shards * self.shard_buckets

    @property
    def slots(self) -> int:
        """Return how many slots there are."""
        return self.buckets * SLOTS

    @property
    def capacity(self) -> int:
        """Return how many entries there may be."""
        return self.buckets * _TENTHS // 10

    @property
    def probes(self) -> int:
        """Return how many buckets an entry may be in, from its home on."""
        return min(FARTHEST + 1, self.shard_buckets)

    def bucket(self, home: int, distance: int) -> int:
        """Return the bucket that is so far from a home, round the end of the shard."""
        first = home - home % self.shard_buckets
        return first + (home - first + distance) % self.shard_buckets

    def place(self, bucket: int) -> int:
        """Return where a bucket begins, in bytes."""
        return LINE + bucket * LINE


def geometry(size: int) -> Geometry:
    """Lay a list into ``size`` bytes; raises ``ValueError`` for too few of them."""
    buckets = size // LINE - 1
    if buckets < 1:
        raise ValueError(f"{size} bytes are too few for a denylist: {2 * LINE} at least")
    shards = max(1, min(_MOST_SHARDS, buckets // _LEAST_SHARD))
    return Geometry(shards, buckets // shards)


def budget(entries: int) -> int:
    """Return how many bytes a list for so many entries takes; whole pages come on top."""
    return LINE * (1 + _MOST_SHARDS - 1 + max(1, ceil(entries * 10 / _TENTHS)))


def coarse(expires_at: float) -> int:
    """Return an expiry as it is stored: rounded up, since an entry that goes early lets somebody in.

    What is beyond 2106, infinity too, is never. Raises ``ValueError`` for what is not a number.
    """
    if isnan(expires_at):
        raise ValueError("an expiry that is not a number")
    if expires_at <= 0:
        return 0
    return NEVER if expires_at >= NEVER else ceil(expires_at)
