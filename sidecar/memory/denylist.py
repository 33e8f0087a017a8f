"""The denylist that the processes of one node share: a set of 128-bit digests, each until it expires.

One process writes (``denylist_writer.py``), any number read, nobody locks. ``denylist_layout.py`` draws the memory.

**Why no lock is needed.** An entry never moves and its slot is not written to as long as it is in force, but for an
expiry that grows, in one store of four bytes. What a reader copies of an entry is therefore whole, whatever the writer
does beside it. An entry is made in this order:

1. digest, in a slot whose expiry is 0 or over: not in force for anybody, whatever its digest is.
2. expiry. The slot is now in force.
3. reach of its home, if it is not at home. A reader now comes by.
4. entries, and last of all the epoch, behind a fence.

INVARIANT: when ``add`` has returned, all four have been done, and readers find the entry until its time is over. A
writer killed between leaves an entry that some find and others do not, which nobody was told to be in force; the next
writer brings the list in order (``DenylistWriter``).

**False answers.** A digest is compared in full. A reader that copies a slot in the moment when the writer reuses it may
see the expired digest with the new one's expiry: so a match is looked at twice, and by the order above the second look
shows another digest. A mixture of two digests is no more likely to be somebody's than any other 128 bits.

**Numbers.** A slot may hold a *tag* of 12 bytes and a number of 4 in place of a digest. The number only grows, in one
store, as the expiry does: a reader sees the one before or the one after.

**The epoch** is for who remembers that something was *not* on the list: it holds as long as the epoch is the one that
``look_up`` returned with the answer, which it reads before it looks. A segment of zeros is an empty list.

**The state** is the epoch and until when the list is vouched for, in one word. INVARIANT: who goes by what it remembers
takes both from one load. Of two, arm64 may do the second one first: an epoch from before something was added would meet
the word that the list is complete, which was given because that was added.
"""

from collections.abc import Iterable
from threading import Lock
from types import TracebackType
from typing import NamedTuple, Self

from sidecar.memory.denylist_layout import (
    BUCKET,
    ENTRIES,
    EPOCH_SHIFT,
    HOME,
    NUMBER,
    SLOTS,
    STATE,
    TAG_BYTES,
    TAG_HOME,
    VOUCHED_UNTIL,
    geometry,
)
from sidecar.memory.layout import LINE
from sidecar.memory.segment import Segment


class LookUp(NamedTuple):
    """What ``Denylist.look_up`` found."""

    denied: bool
    epoch: int  #: as long as this is the list's, a ``denied`` of ``False`` holds


class Denylist:
    """The list in ``segment``, to be read. Any process may, while another writes.

    It holds on to the memory: ``close`` it before the segment. Raises ``ValueError`` for a segment that is too small.
    """

    def __init__(self, segment: Segment) -> None:
        self.measures = geometry(segment.size)
        self._memory = segment.memory
        self._cells = memoryview(segment.memory)[:LINE].cast("Q")
        self._buckets = self.measures.buckets
        self._bucket = BUCKET.unpack_from
        self._fence = Fence()

    @property
    def state(self) -> int:
        """Return the epoch, shifted by ``EPOCH_SHIFT``, and below it until when the list is vouched for: one read."""
        return self._cells[STATE]

    @property
    def epoch(self) -> int:
        """Return the epoch: one read of memory."""
        return self._cells[STATE] >> EPOCH_SHIFT

    @property
    def entries(self) -> int:
        """Return how many slots are taken, by what is over and not yet swept too: one read of memory."""
        return self._cells[ENTRIES]

    @property
    def is_empty(self) -> bool:
        """Say whether nothing is on the list: one read of memory."""
        return not self._cells[ENTRIES]

    @property
    def vouched_until(self) -> int:
        """Return up to when, in seconds since the epoch, the list is known to be complete: one read of memory."""
        return self._cells[STATE] & VOUCHED_UNTIL

    def contains(self, digest: bytes, now: float) -> bool:
        """Say whether ``digest`` (16 bytes) is on the list and its time not over at ``now`` (seconds since the epoch).

        Raises ``struct.error`` for a digest of another length.
        """
        home = HOME.unpack(digest)[0] % self._buckets
        if not self._cells[ENTRIES]:
            return False
        # As Geometry.place, without the cost of a call: every check comes by here.
        first, second, third, _, _, _, reach = self._bucket(self._memory, LINE + home * LINE)
        if digest != first and digest != second and digest != third and not reach:  # noqa: PLR1714 - a third of the time
            return False
        return self._search(digest, home, reach, now)

    def number(self, tag: bytes, now: float) -> int:
        """Return the number that is in force under ``tag`` (12 bytes) at ``now``; 0 where there is none.

        Raises ``struct.error`` for a tag of another length.
        """
        home = TAG_HOME.unpack(tag)[0] % self._buckets
        if not self._cells[ENTRIES]:
            return 0
        reach = self._bucket(self._memory, LINE + home * LINE)[2 * SLOTS]
        found = 0
        for distance in range(min(reach + 1, self.measures.probes)):
            place = self.measures.place(self.measures.bucket(home, distance))
            fields = self._bucket(self._memory, place)
            for index in range(SLOTS):
                if fields[index][:TAG_BYTES] == tag and now < fields[SLOTS + index]:
                    again = self._bucket(self._memory, place)[index]
                    if again[:TAG_BYTES] == tag:
                        found = max(found, NUMBER.unpack_from(again, TAG_BYTES)[0])
        return found

    def look_up(self, digests: Iterable[bytes], now: float) -> LookUp:
        """Say whether any of ``digests`` is in force, and the epoch from which on that must be asked again."""
        epoch = self._cells[STATE] >> EPOCH_SHIFT
        self._fence()  # what was added before that epoch is seen below
        return LookUp(any(self.contains(digest, now) for digest in digests), epoch)

    def close(self) -> None:
        """Let go of the memory. May be called twice."""
        self._cells.release()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def _search(self, digest: bytes, home: int, reach: int, now: float) -> bool:
        # A reach beyond the shard would be a fault of the memory; round it once is everywhere.
        for distance in range(min(reach + 1, self.measures.probes)):
            place = self.measures.place(self.measures.bucket(home, distance))
            fields = self._bucket(self._memory, place)
            for index in range(SLOTS):
                # What is live was this digest's only if that is still there at the second look.
                if (
                    fields[index] == digest
                    and now < fields[SLOTS + index]
                    and self._bucket(self._memory, place)[index] == digest
                ):
                    return True
        return False


class Fence:
    """Has all that was read and written before be so for everybody, before anything after it is.

    Python has no memory barrier of its own, and x86 needs none here; arm64 does. A lock that is taken and given back
    twice is one: what comes before the first giving back stays before the second taking (POSIX.1-2017, 4.12:
    ``sem_wait`` and ``sem_post``, ``pthread_mutex_lock`` and ``unlock`` synchronise memory; locks of Python's own, from
    3.14 on, are sequentially consistent). docs/decisions/0018 says what else there is to arm64.
    """

    def __init__(self) -> None:
        self._lock = Lock()

    def __call__(self) -> None:
        """Be one."""
        with self._lock:
            pass
        with self._lock:
            pass
