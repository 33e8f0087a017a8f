"""The keeper of the list that all processes share: the one who writes to it.

entries ─ end_of ─> digests, by the hash workers where there are many ─> DenylistWriter
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import numpy as np

from sidecar.core.revocation import TAG_BYTES, Kind, Name, digest
from sidecar.memory.denylist_layout import DenylistFullError
from sidecar.memory.denylist_writer import DenylistWriter, coarse_all
from sidecar.memory.segment import Segment
from sidecar.revocation.alike import Times
from sidecar.revocation.clock import TOLERANCE, Memory
from sidecar.verify.hashing.algorithm import Algorithm
from sidecar.verify.hashing.pool import HashPool
from sidecar.verify.hashing.rows import Rows, joined, length_prefixed, prefixed_values

#: Fewer entries are put on the list one by one: a load looks at the whole list.
_MANY = 256
Clock = Callable[[], float]

_log = logging.getLogger(__name__)


class Ended(NamedTuple):
    """An entry whose end is known: ``before`` is for cut-offs alone."""

    name: Name
    before: int | None
    ends_at: float  #: seconds since the epoch, infinity for never


@dataclass(frozen=True, slots=True)
class EndedAlike:
    """Many entries of one issuer and kind, no cut-offs: their values in UTF-8, and their ends (``Ended``)."""

    issuer: str
    kind: Kind
    values: Sequence[bytes]
    ends_at: Times

    def each(self) -> Iterator[Ended]:
        """Give them one by one."""
        for value, end in zip(self.values, self.ends_at.tolist(), strict=True):
            yield Ended(Name(self.issuer, self.kind, value.decode()), None, end)


@dataclass(frozen=True, slots=True)
class Stored:
    """What came of entries: ``over`` are those whose time was over already."""

    in_force: int
    over: int


@dataclass(frozen=True, slots=True)
class Room:
    """How full the list is."""

    entries: int
    capacity: int
    epoch: int
    vouched_until: int
    gaps: int  #: times that entries were lost before they were read, since this node's start

    @property
    def is_full(self) -> bool:
        """Say whether the next new entry would find no place."""
        return self.entries >= self.capacity


class Keeper:
    """Writes to the list in ``segment``. One at a time and in one thread at a time.

    ``key`` is that of the digests. ``clock`` makes what returns seconds since the epoch; what that says is over is
    erased, so it had better not run ahead (``clock.py``).
    """

    def __init__(self, segment: Segment, key: bytes, pool: HashPool, clock: Callable[[Memory], Clock]) -> None:
        self._writer = DenylistWriter(segment)
        self._key, self._pool, self._clock = key, pool, clock(self._writer)

    def store(self, entries: Sequence[Ended], alike: Sequence[EndedAlike] = ()) -> Stored:
        """Put entries on the list; when this has returned, every check finds them.

        Raises ``DenylistFullError`` where there is no room for all of them. Those there was room for are on the list
        then, and nothing was taken from it.
        """
        now = self._clock()
        cut_offs = [entry for entry in entries if entry.before is not None]
        names = [entry for entry in entries if entry.before is None]
        number = len(names) + sum(len(one.values) for one in alike)
        try:
            if number >= _MANY:
                stored = self._load(names, alike, now)
            else:
                stored = sum(self._add(entry, now) for entry in chain(names, *(one.each() for one in alike)))
        finally:
            stored_cut_offs = sum(self._raise(entry, now) for entry in cut_offs)
        in_force = stored + stored_cut_offs
        return Stored(in_force, number + len(cut_offs) - in_force)

    def sweep(self) -> int:
        """Erase what is over, and return how many entries that were."""
        return self._writer.sweep(self._clock())

    def lacks(self) -> bool:
        """Say whether something that was over, and so erased or never stored, is in force again.

        It is where the clock was ahead, and has been set right, be it under the keeper before.
        """
        return self._writer.over_until > self._clock() + TOLERANCE

    def postpone(self, seconds: float) -> None:
        """Have all entries end so much later."""
        self._writer.postpone(seconds)

    def disown(self) -> None:
        """Vouch for nothing, since the list lacks something; all there is will be stored again."""
        self._writer.vouch(0)
        self._writer.forget_over()

    def miss(self) -> None:
        """Remember that entries were lost before they were read."""
        self._writer.miss()

    def vouch(self, until: float) -> None:
        """Stand up for the list's being complete up to ``until`` (seconds since the epoch); infinity is for ever."""
        self._writer.vouch(until)

    def room(self) -> Room:
        """Return how full the list is, what is over included: two reads of memory."""
        writer = self._writer
        return Room(writer.entries, writer.measures.capacity, writer.epoch, writer.vouched_until, writer.gaps)

    def close(self) -> None:
        """Let go of the memory."""
        self._writer.close()

    def _add(self, entry: Ended, now: float) -> bool:
        return self._is_in_force(entry, self._writer.add(digest(self._key, entry.name), entry.ends_at, now))

    def _is_in_force(self, entry: Ended, stored: bool) -> bool:  # noqa: FBT001 - what became of it
        if not stored:
            self._writer.leave_out(entry.ends_at)
        return stored

    def _raise(self, entry: Ended, now: float) -> bool:
        tag = digest(self._key, entry.name)[:TAG_BYTES]
        return self._is_in_force(entry, self._writer.raise_number(tag, entry.before or 0, entry.ends_at, now))

    def _load(self, names: Sequence[Ended], alike: Sequence[EndedAlike], now: float) -> int:
        digests = self._pool.hash_many(Algorithm.BLAKE2B_128, *_rows(names, alike), self._key).view(np.uint8)
        single = np.fromiter((entry.ends_at for entry in names), np.float64, len(names))
        ends = coarse_all(np.concatenate([single, *(one.ends_at for one in alike)]))
        over = ends <= now
        self._writer.leave_out(float(ends[over].max(initial=0)))
        try:
            self._writer.load(digests, ends, now)
        except DenylistFullError:
            _log.debug("not all of %d entries find room: as many as do, one by one", len(ends))
            for one, end in zip(digests, ends.tolist(), strict=True):
                self._writer.add(one.tobytes(), end, now)
            raise
        return len(ends) - int(over.sum())


def _rows(names: Sequence[Ended], alike: Sequence[EndedAlike]) -> Rows:
    """Return what is hashed, in this order."""
    single = (
        length_prefixed(one.name.issuer.encode(), one.name.kind.value.encode(), one.name.value.encode())
        for one in names
    )
    many = (prefixed_values(one.issuer.encode(), one.kind.value.encode(), one.values) for one in alike)
    return joined(chain(single, *many))
