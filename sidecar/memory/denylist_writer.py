"""The denylist's one writer."""

from dataclasses import dataclass
from struct import Struct

import numpy as np

from sidecar.memory import denylist_fill as filling
from sidecar.memory import denylist_table as table
from sidecar.memory.denylist import Denylist
from sidecar.memory.denylist_layout import (
    CLOCK,
    DIGEST_BYTES,
    ENTRIES,
    EPOCH_SHIFT,
    EXPIRIES,
    EXPIRY,
    GAPS,
    HOME,
    NEVER,
    NUMBER,
    OVER_UNTIL,
    REACH,
    SLOT_EXPIRIES,
    STATE,
    TAG_BYTES,
    DenylistFullError,
    coarse,
)
from sidecar.memory.segment import Segment

_LAST_EPOCH = (1 << 32) - 1
_OFFSET, _CLOCK_AT = Struct("d"), CLOCK * 8


@dataclass(frozen=True, slots=True)
class DenylistCounts:
    """What is on the list."""

    entries: int  #: slots that are taken
    expired: int  #: those of them that the next sweep frees
    capacity: int
    load_factor: float  #: of all slots; 0.6 where the list is full
    epoch: int


class DenylistWriter(Denylist):
    """The list in ``segment``, to be written to. INVARIANT: there is one such process at a time; it is one thread.

    Whoever wrote before may have been killed at any instruction: the list is brought in order first (``settle``).
    """

    def __init__(self, segment: Segment) -> None:
        super().__init__(segment)
        self._segment = segment
        self.settle()

    def recall(self) -> float | None:
        """Return what ``remember`` was told last, by whichever writer."""
        (offset,) = _OFFSET.unpack_from(self._memory, _CLOCK_AT)
        return offset or None

    def remember(self, offset: float) -> None:
        """Keep how far the clock is from that of the machine (``clock`` in the header), in seconds."""
        _OFFSET.pack_into(self._memory, _CLOCK_AT, offset)

    @property
    def over_until(self) -> int:
        """Return the latest expiry of what was erased or left out since it was over, by whichever writer."""
        return self._cells[OVER_UNTIL]

    def leave_out(self, expires_at: float) -> None:
        """Remember that something was over when it came."""
        self._cells[OVER_UNTIL] = max(self._cells[OVER_UNTIL], coarse(expires_at))

    @property
    def gaps(self) -> int:
        """Return how often ``miss`` was called, by whichever writer."""
        return self._cells[GAPS]

    def miss(self) -> None:
        """Remember that something was to be on the list that nobody here has ever seen."""
        self._cells[GAPS] += 1

    def forget_over(self) -> None:
        """Forget what was over: it will come again."""
        self._cells[OVER_UNTIL] = 0

    def add(self, digest: bytes, expires_at: float, now: float) -> bool:
        """Have ``digest`` (16 bytes) be on the list up to ``expires_at``, or longer if it is already.

        Say whether it is: ``False`` only where that time is over at ``now``. When this has returned, every process
        finds it. Raises ``DenylistFullError`` where there is no room, and then nothing has changed; ``ValueError`` for
        an expiry that is not a number, ``struct.error`` for a digest of another length.
        """
        return self._put(digest, expires_at, now, DIGEST_BYTES)

    def raise_number(self, tag: bytes, number: int, expires_at: float, now: float) -> bool:
        """Have ``number`` (up to 2^32 - 1), or the larger one that is there, be in force under ``tag`` (12 bytes).

        All else is as for ``add``. Raises ``struct.error`` for a tag of another length, or a number that is too large.
        """
        return self._put(tag + NUMBER.pack(number), expires_at, now, TAG_BYTES)

    def _put(self, digest: bytes, expires_at: float, now: float, same: int) -> bool:
        """Put a slot's 16 bytes on the list, of which the first ``same`` say whether it is there already."""
        home = HOME.unpack(digest)[0] % self.measures.buckets
        expiry = coarse(expires_at)
        if not now < expiry:
            return False
        distance, place, index, taken = self._slot_for(digest[:same], home, now)
        if not taken and self._cells[ENTRIES] >= self.measures.capacity:
            if self.sweep(now):
                return self._put(digest, expires_at, now, same)
            raise DenylistFullError(f"all {self.measures.capacity} entries of the denylist are taken")
        self._write(place, index, digest, expiry, same)
        at = self.measures.place(home) + REACH
        self._memory[at] = max(self._memory[at], distance)
        self._publish(self._cells[ENTRIES] + (not taken))
        return True

    def postpone(self, seconds: float) -> None:
        """Have all that is on the list, over or not, be on it for so many seconds more; infinity is for ever."""
        buckets = table.all_buckets(self._segment, self.measures)
        table.postpone(buckets, seconds)
        # What was over may be in force again.
        self._publish(self._cells[ENTRIES])

    def vouch(self, until: float) -> None:
        """Stand up for the list's being complete up to ``until``, in seconds since the epoch; infinity is for ever."""
        self._tell(self.epoch, NEVER if until >= NEVER else max(0, int(until)))

    def load(self, digests: filling.Digests, expiries: filling.Expiries, now: float) -> int:
        """Add many: ``digests`` (n, 16), ``expiries`` (n) as of ``coarse_all``; return how many are new on the list.

        What is over at ``now`` is left out. Raises ``DenylistFullError`` where there is no room for all, and then adds
        none (but those that are on the list already have got the later expiry); ``ValueError`` for other shapes.
        """
        self.sweep(now)
        rows = filling.prepare(digests, expiries, now, self.measures)
        buckets = table.all_buckets(self._segment, self.measures)
        missing = filling.refresh(buckets, rows, self.measures)
        room = self.measures.capacity - self._cells[ENTRIES]
        if len(missing) > room:
            raise DenylistFullError(f"{len(missing)} new entries, and the denylist has room for {room}")
        try:
            filling.place(buckets, missing, now, self.measures)
        except BaseException:
            self.settle()
            raise
        # What was over has been swept: each has taken a slot that was free.
        entries = self._cells[ENTRIES] + len(missing)
        if entries or self.epoch:
            self._publish(entries)
        return len(missing)

    def sweep(self, now: float) -> int:
        """Erase what is over at ``now``, and say how many there were. Their slots are free from then on."""
        buckets = table.all_buckets(self._segment, self.measures)
        over = table.expired(buckets, now)
        if erased := int(over.sum()):
            # INVARIANT: first, since whoever erases may be killed.
            self.leave_out(int(buckets.expiries[over].max()))
            table.erase(buckets, over)
            table.set_reach(buckets, self.measures)
            self._cells[ENTRIES] = table.count(buckets, now)[0]
        return erased

    def settle(self) -> int:
        """Have all that is in the list be in force, whoever put it there, and return how many slots are taken.

        For a new writer, and after several processes have filled a list together.
        """
        buckets = table.all_buckets(self._segment, self.measures)
        table.set_reach(buckets, self.measures)
        entries, _ = table.count(buckets, 0)
        if entries or self._cells[ENTRIES] or self.epoch:
            self._publish(entries)
        return entries

    def counts(self, now: float) -> DenylistCounts:
        """Count, by walking through all of it."""
        entries, expired = table.count(table.all_buckets(self._segment, self.measures), now)
        measures = self.measures
        return DenylistCounts(entries, expired, measures.capacity, entries / measures.slots, self.epoch)

    def _slot_for(self, beginning: bytes, home: int, now: float) -> tuple[int, int, int, bool]:
        """Return the slot whose 16 bytes begin so, or else the nearest that is free.

        That is: its distance from home, where its bucket begins, its index, and whether it counts as taken already.
        """
        free = None
        reach = self._memory[self.measures.place(home) + REACH]
        for distance in range(self.measures.probes):
            place = self.measures.place(self.measures.bucket(home, distance))
            expiries = SLOT_EXPIRIES.unpack_from(self._memory, place + EXPIRIES)
            for index, expiry in enumerate(expiries):
                if expiry and self._digest(place, index).startswith(beginning):
                    return distance, place, index, True
                if free is None and expiry <= now:
                    free = distance, place, index, expiry != 0
            if free is not None and distance >= reach:
                return free
        if free is None:
            raise DenylistFullError(f"no free slot within {self.measures.probes} buckets: the denylist is too small")
        return free

    def _digest(self, place: int, index: int) -> bytes:
        at = place + index * DIGEST_BYTES
        return self._memory[at : at + DIGEST_BYTES]

    def _write(self, place: int, index: int, digest: bytes, expiry: int, same: int) -> None:
        """Write a slot, in the order that ``denylist.py`` explains; what is there gets the later expiry and number."""
        at, until = place + index * DIGEST_BYTES, place + EXPIRIES + index * EXPIRY.size
        (before,) = EXPIRY.unpack_from(self._memory, until)
        if not (before and self._digest(place, index).startswith(digest[:same])):
            self.leave_out(before)
            self._memory[at : at + DIGEST_BYTES] = digest
            EXPIRY.pack_into(self._memory, until, expiry)
            return
        EXPIRY.pack_into(self._memory, until, max(before, expiry))
        if same == TAG_BYTES:
            numbers = (NUMBER.unpack_from(self._memory, at + TAG_BYTES)[0], NUMBER.unpack_from(digest, TAG_BYTES)[0])
            NUMBER.pack_into(self._memory, at + TAG_BYTES, max(numbers))

    def _publish(self, entries: int) -> None:
        self._cells[ENTRIES] = entries
        self._tell(self.epoch % _LAST_EPOCH + 1, self.vouched_until)

    def _tell(self, epoch: int, vouched_until: int) -> None:
        """Write the state, in one store, behind all that was written before."""
        self._fence()
        self._cells[STATE] = epoch << EPOCH_SHIFT | vouched_until


def coarse_all(expires_at: "np.typing.NDArray[np.float64]") -> filling.Expiries:
    """Return many expiries as they are stored (``coarse``): seconds since the epoch, rounded up; infinity is never.

    Raises ``ValueError`` if one is not a number.
    """
    if np.isnan(expires_at).any():
        raise ValueError("an expiry that is not a number")
    return np.clip(np.ceil(expires_at), 0, coarse(float("inf"))).astype(np.uint32)
