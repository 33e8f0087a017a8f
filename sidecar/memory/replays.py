"""Which one-time values were used, in memory that all processes share; and of two that use one, one alone is first.

    ┌ bucket: 32 slots of 64 bytes ──────────────────────────────────────────────────────────────────────────┐
    │ name: 16 │ context: 16 │ until: f64 │ first used: f64 │ xxh3 of these 48: u64 │ forgot: f64 │ … 31 more │
    └─────────────────────────────────────────────────────────────────────────────────────────────────────────┘

Python has no compare-and-swap, so a bucket is looked at and written under a lock: the kernel's record lock (fcntl(2))
on the byte of the bucket's number. It excludes processes, not threads: one loop a process may use it. It is nowhere in
memory, and ends with the process that holds it, so that nobody is ever left waiting: not for one that was killed, and
for one that was stopped only a moment, after which the value counts as unknown.

INVARIANT: a value that is in use is never overwritten: only slots that are empty, over or torn are. A slot is torn when
its writer was killed, which then has not told anybody that the value was first.

``forgot`` is the latest ``until`` of all values that were overwritten in this slot. INVARIANT: a value that ends no
later than one that its bucket forgot is not called first: it may be that one, where the clock was set back. With a
clock that goes on there is none such, since what is used ends later than now, and what is overwritten has ended.
"""

import fcntl
import os
from enum import Enum, auto
from hashlib import blake2b
from struct import Struct

import xxhash

from sidecar.memory.segment import Segment

SLOT_BYTES, SLOTS = 64, 32
_BUCKET_BYTES = SLOT_BYTES * SLOTS
_ENTRY = Struct("=16s16sdd")
_CHECK, _FORGOT = Struct("=Q"), Struct("=56xd")
_TIME, _TIME_AT = Struct("=d"), 56
#: No owner's values take more than one part in so many.
OWNERS = 16
#: Seconds in which the same use may be repeated.
RETRY_SECONDS = 5.0
#: How often a lock is tried for, with the processor handed to others between.
_TRIES = 200


class Outcome(Enum):
    """What became of a value."""

    FIRST = auto()
    RETRY = auto()
    REPLAY = auto()
    UNKNOWN = auto()  #: its bucket is full, or somebody holds on to it, or it may have been forgotten


class ReplayTable:
    """Uses of values, in ``segment``. ``secret``, 16 to 64 random bytes, is the same for all processes of one start.

    Places and names are keyed hashes: nobody can aim at a bucket.
    """

    def __init__(self, segment: Segment, secret: bytes) -> None:
        self._memory, self._fd, self._secret = segment.memory, segment.fileno(), secret
        self._buckets = segment.size // _BUCKET_BYTES
        if not self._buckets:
            raise ValueError(f"{segment.size} bytes: a bucket has {_BUCKET_BYTES}")

    def use(self, value: bytes, context: bytes, until: float, now: float, owner: bytes | None = None) -> Outcome:
        """Use ``value`` in ``context``; times are seconds since the epoch. It may be forgotten from ``until`` on.

        With an ``owner``, always the same for one value, it goes to one of those buckets that are the owner's: all of
        them together are one part in ``OWNERS`` of the memory, and others have theirs scattered otherwise.
        """
        digest = blake2b(value, digest_size=32, key=self._secret).digest()
        place = int.from_bytes(digest[:8], "big")
        bucket = (place if owner is None else self._place(owner, place)) % self._buckets
        if not self._locked(bucket):
            return Outcome.UNKNOWN
        try:
            return self._use(bucket * _BUCKET_BYTES, digest[16:], _short(context), until, now)
        finally:
            fcntl.lockf(self._fd, fcntl.LOCK_UN, 1, bucket)

    def _place(self, owner: bytes, place: int) -> int:
        number = place % max(1, self._buckets // OWNERS)
        digest = blake2b(owner, digest_size=8, key=self._secret, salt=number.to_bytes(16, "big")).digest()
        return int.from_bytes(digest, "big")

    def _use(self, start: int, name: bytes, context: bytes, until: float, now: float) -> Outcome:
        slots = self._memory[start : start + _BUCKET_BYTES]
        at = slots.find(name)
        while at >= 0:
            if at % SLOT_BYTES == 0 and _is_whole(slots, at):
                _, before, _, first = _ENTRY.unpack_from(slots, at)
                again = before == context and 0 <= now - first <= RETRY_SECONDS
                return Outcome.RETRY if again else Outcome.REPLAY
            at = slots.find(name, at + 1)
        free = _free(slots, now)
        if free is None or not until > max(forgot for (forgot,) in _FORGOT.iter_unpack(slots)):
            return Outcome.UNKNOWN
        entry = _ENTRY.pack(name, context, until, now)
        # First, and by itself: a writer that is killed in between has forgotten nothing, but may have.
        self._memory[start + free + _TIME_AT : start + free + SLOT_BYTES] = _forgot(slots, free)
        self._memory[start + free : start + free + _TIME_AT] = entry + _CHECK.pack(_sum(entry))
        return Outcome.FIRST

    def _locked(self, bucket: int) -> bool:
        for _ in range(_TRIES):
            try:
                fcntl.lockf(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, bucket)
            except OSError:
                os.sched_yield()
            else:
                return True
        return False


def _free(slots: bytes, now: float) -> int | None:
    for at in range(0, _BUCKET_BYTES, SLOT_BYTES):
        if not _ENTRY.unpack_from(slots, at)[2] > now or not _is_whole(slots, at):
            return at
    return None


def _forgot(slots: bytes, at: int) -> bytes:
    (before,) = _FORGOT.unpack_from(slots, at)
    until = _ENTRY.unpack_from(slots, at)[2] if _is_whole(slots, at) else 0.0
    return _TIME.pack(max(before, until))


def _is_whole(slots: bytes, at: int) -> bool:
    (found,) = _CHECK.unpack_from(slots, at + _ENTRY.size)
    return bool(found == _sum(slots[at : at + _ENTRY.size]))


def _sum(entry: bytes) -> int:
    return xxhash.xxh3_64_intdigest(entry)


def _short(context: bytes) -> bytes:
    return blake2b(context, digest_size=16).digest()
