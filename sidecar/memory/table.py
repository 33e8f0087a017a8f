"""One hash table of fixed slots in shared memory, that many processes read and write without locks.

Each key has two candidate buckets of four slots, one in either half of the table: eight places, as in a cuckoo hash
(Pagh and Rodler, 2001), but nothing is ever moved to make room. What was used longest ago of the eight goes instead.

**Why there are no locks.** Python has no compare-and-swap, and a lock in shared memory outlives a holder that was
killed. So nobody waits and nobody takes turns: processes may overwrite each other, in the middle of a write too. A
reader copies the body first, then holds the copy, which nobody can change any more, against the checksum, the whole
key and the time, and only then believes it. Any mixture of writes, and any half of one, is a miss and never a wrong
value (but for one in 2^64). INVARIANT: correctness rests on this alone, on no order of stores and on no store's
being atomic: on arm64 another process may see them in any order, and a copy of 400 bytes is atomic nowhere.

**What a write does**, in this order, which only makes misses cheaper and leaves less behind:

1. expiry := 0.0. The slot is now empty to whoever looks for room, and its checksum is wrong.
2. key and value.
3. checksum, stamp, length, kind, part, expiry. The slot is now whole.

A writer killed between leaves a slot that is free. Two processes that put the same key at once may leave it in two
slots: either was put for that key, and either is found until it expires; the next put leaves one.
"""

import mmap
from collections.abc import Iterable, Iterator, Sequence

from xxhash import xxh3_64_intdigest

from sidecar.memory.counts import CacheCounts
from sidecar.memory.layout import (
    BODY,
    BODY_HEAD,
    EXPIRY,
    EXPIRY_FIELD,
    FRONT,
    HEAD,
    HEADER,
    KEY,
    NEGATIVE,
    PART_AT,
    PLACE,
    SLOTS,
    STAMP,
    STAMP_AT,
    STAMP_MASK,
    STAMPS_PER_SECOND,
    Entry,
    Geometry,
    expiries_of,
    ranks_of,
    stamp_of,
    tags_of,
)
from sidecar.memory.parts import WHOLE, Part, join, split

_EMPTY = EXPIRY_FIELD.pack(0.0)


class Table:
    """The table in ``memory`` that ``measures`` describes, of entries of one ``kind``. All who share it agree on all.

    ``seed`` is a secret of 64 bits. Who has another one finds nothing.
    """

    def __init__(self, memory: mmap.mmap, measures: Geometry, kind: int, seed: int, counts: CacheCounts) -> None:
        self._memory = memory
        self._measures = measures
        self._kind = kind
        self._seed = seed
        self._counts = counts
        self._offset, self._slot_bytes, self._bucket_bytes = measures.offset, measures.slot_bytes, measures.bucket_bytes
        self._half, self._room = measures.buckets // 2, measures.room
        self._half_bytes = self._half * measures.bucket_bytes
        self._tags = tags_of(measures.slot_bytes).unpack_from
        self._ranks = ranks_of(measures.slot_bytes).unpack_from
        self._expiries = expiries_of(measures.slot_bytes).unpack_from
        self._zeros = bytes(measures.slot_bytes)

    def find(self, key: bytes, now: float) -> Entry | None:
        """Return what was put for exactly ``key`` and has not expired, and note that it was used."""
        slots = self._slots_of(key)
        for slot in slots:
            part = self._believed(slot, key, now)
            if part is not None:
                number, content, expires_at = part
                if number != WHOLE:
                    return self._put_together(slots, key, now)
                STAMP.pack_into(self._memory, slot + STAMP_AT, int(now * STAMPS_PER_SECOND) & STAMP_MASK)
                return Entry(content, expires_at, self._kind == NEGATIVE)
        return None

    def keys(self, now: float, extents: Iterable[tuple[int, int]]) -> Iterator[bytes]:
        """Give the key of each entry in ``extents`` (of the memory) that seems to be live; one may come twice."""
        size, last = self._bucket_bytes, self._offset + self._measures.buckets * self._bucket_bytes
        for start, end in extents:
            first = self._offset + max(0, start - self._offset) // size * size
            for bucket in range(first, min(end, last), size):
                for index, expires_at in enumerate(self._expiries(self._memory, bucket)):
                    slot = bucket + index * self._slot_bytes
                    # Of several parts the first stands for all.
                    if now < expires_at and self._memory[slot + PART_AT] >> 4 == 0:
                        yield self._memory[slot + KEY : slot + HEADER]

    def peek(self, key: bytes, now: float) -> tuple[bytes, float] | None:
        """Return value and expiry as ``find`` does, and note nothing: who looks at all uses none."""
        parts = [part for part in (self._believed(slot, key, now) for slot in self._slots_of(key)) if part is not None]
        whole = next((part for part in parts if part[0] == WHOLE), None)
        return join(parts, self._seed) if whole is None else (whole[1], whole[2])

    def put(self, key: bytes, value: bytes, expires_at: float, now: float) -> bool:
        """Remember ``value``; ``False``, and nothing is remembered for ``key``, if it is too large."""
        slot = self._place(key, now) if len(value) <= self._room else None
        if slot is not None:
            self._write(slot, key, (WHOLE, value, expires_at), stamp_of(now))
            return True
        parts = split(value, expires_at, self._room, self._seed)
        own, others = self._candidates(key, now)
        for slot in own[len(parts) :]:
            self._erase(slot)
        slots = own + [slot for slot, _ in others]
        self._counts.evictions += sum(live for _, live in others[: max(0, len(parts) - len(own))])
        for slot, part in zip(slots, parts, strict=False):
            self._write(slot, key, part, stamp_of(now))
        return bool(parts)

    def discard(self, key: bytes) -> None:
        """Erase what there is for ``key``."""
        for slot in self._slots_of(key):
            self._erase(slot)

    def sweep(self, now: float, extents: Iterable[tuple[int, int]]) -> int:
        """Erase every slot in ``extents`` (of the memory) whose time is over, and say how many there were."""
        return sum(self._sweep(now, start, end) for start, end in extents)

    def _sweep(self, now: float, start: int, end: int) -> int:
        erased = 0
        size, last = self._bucket_bytes, self._offset + self._measures.buckets * self._bucket_bytes
        first = self._offset + max(0, start - self._offset) // size * size
        for bucket in range(first, min(end, last), size):
            for index, expires_at in enumerate(self._expiries(self._memory, bucket)):
                if expires_at != 0.0 and not now < expires_at:
                    self._erase(bucket + index * self._slot_bytes)
                    erased += 1
        return erased

    def _buckets(self, key: bytes) -> tuple[int, int, int]:
        """Return the offsets of both buckets, and the tag. The key is a keyed hash already: its bits will do."""
        first, second, tag = PLACE.unpack(key)
        start, size = self._offset, self._bucket_bytes
        return start + first % self._half * size, start + self._half_bytes + second % self._half * size, tag

    def _slots_of(self, key: bytes) -> Sequence[int]:
        """Return the offsets of the slots with the tag of ``key``: a hint, from memory that may be changing."""
        # As in _buckets, without the cost of a call: every hit and miss comes by here.
        first, second, tag = PLACE.unpack(key)
        first = self._offset + first % self._half * self._bucket_bytes
        second = self._offset + self._half_bytes + second % self._half * self._bucket_bytes
        tags = self._tags(self._memory, first) + self._tags(self._memory, second)
        many = tags.count(tag)
        if not many:
            return ()
        if many == 1:  # as almost always
            index = tags.index(tag)
            return (first + index * self._slot_bytes if index < SLOTS else second + (index - SLOTS) * self._slot_bytes,)
        offsets = [bucket + index * self._slot_bytes for bucket in (first, second) for index in range(SLOTS)]
        return [slot for slot, found in zip(offsets, tags, strict=True) if found == tag]

    def _believed(self, slot: int, key: bytes, now: float) -> Part | None:
        """Return what the slot holds if it is whole, of ``key``, and its time is not over."""
        checksum, _, length = FRONT.unpack_from(self._memory, slot)
        # INVARIANT: everything below is about this copy; the slot itself is not looked at again.
        body = self._memory[slot + BODY : slot + HEADER + length]
        if xxh3_64_intdigest(body, self._seed) != checksum:
            self._counts.torn += 1
            return None
        _, kind, number, expires_at, whose = BODY_HEAD.unpack_from(body)
        if whose != key or kind != self._kind:
            return None
        if not now < expires_at:
            self._counts.expired += 1
            return None
        return number, body[HEADER - BODY :], expires_at

    def _put_together(self, slots: Sequence[int], key: bytes, now: float) -> Entry | None:
        parts = [part for part in (self._believed(slot, key, now) for slot in slots) if part is not None]
        found = join(parts, self._seed)
        if found is None:
            self._counts.incomplete += 1
            return None
        for slot in slots:
            STAMP.pack_into(self._memory, slot + STAMP_AT, stamp_of(now))
        return Entry(*found, self._kind == NEGATIVE)

    def _place(self, key: bytes, now: float) -> int | None:
        """Return the slot for what fits into one: the first that ``_candidates`` has; ``None`` where there is own."""
        first, second, tag = self._buckets(key)
        fields = self._ranks(self._memory, first) + self._ranks(self._memory, second)
        if tag in fields[2::3]:
            return None
        # Empty, or its time is over.
        index = next((number for number, expires_at in enumerate(fields[1::3]) if not now < expires_at), None)
        if index is None:
            clock, stamps = stamp_of(now), fields[::3]
            index = max(range(2 * SLOTS), key=lambda number: (clock - stamps[number]) & STAMP_MASK)
            self._counts.evictions += 1
        return first + index * self._slot_bytes if index < SLOTS else second + (index - SLOTS) * self._slot_bytes

    def _candidates(self, key: bytes, now: float) -> tuple[list[int], list[tuple[int, bool]]]:
        """Return the slots that hold ``key``, and the others: first what is empty or expired, then by age.

        Beside each of the others stands whether it is live.
        """
        first, second, tag = self._buckets(key)
        own: list[int] = []
        others: list[tuple[bool, int, int]] = []
        clock = stamp_of(now)
        for bucket in (first, second):
            fields = self._ranks(self._memory, bucket)
            for index in range(SLOTS):
                stamp, expires_at, found = fields[3 * index : 3 * index + 3]
                slot = bucket + index * self._slot_bytes
                if found == tag:
                    own.append(slot)
                else:
                    others.append((now < expires_at, -((clock - stamp) & STAMP_MASK), slot))
        others.sort()
        return own, [(slot, live) for live, _, slot in others]

    def _write(self, slot: int, key: bytes, part: Part, stamp: int) -> None:
        (number, content, expires_at), memory, length = part, self._memory, len(part[1])
        body = BODY_HEAD.pack(length, self._kind, number, expires_at, key) + content
        checksum = xxh3_64_intdigest(body, self._seed)
        memory[slot + EXPIRY : slot + KEY] = _EMPTY
        memory[slot + KEY : slot + HEADER + length] = body[KEY - BODY :]
        memory[slot : slot + KEY] = HEAD.pack(checksum, stamp, length, self._kind, number, expires_at)

    def _erase(self, slot: int) -> None:
        self._memory[slot : slot + self._slot_bytes] = self._zeros
