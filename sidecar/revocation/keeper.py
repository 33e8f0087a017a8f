"""The keeper of the list that all processes share: the one who writes to it.

entries ─ end_of ─> digests, by the hash workers where there are many ─> DenylistWriter
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sidecar.core.revocation import TAG_BYTES, Kind, Name, digest
from sidecar.memory.denylist_layout import NEVER, DenylistFullError
from sidecar.memory.denylist_writer import DenylistWriter, coarse_all
from sidecar.memory.segment import Segment
from sidecar.verify.hashing.algorithm import Algorithm
from sidecar.verify.hashing.pool import HashPool
from sidecar.verify.hashing.rows import prefixed_rows

#: Fewer entries are put on the list one by one: a load looks at the whole list.
_MANY = 256
_NEVER = float(NEVER)

_log = logging.getLogger(__name__)


class Ended(NamedTuple):
    """An entry whose end is known: ``before`` is for cut-offs alone."""

    name: Name
    before: int | None
    ends_at: float  #: seconds since the epoch, infinity for never


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

    @property
    def is_full(self) -> bool:
        """Say whether the next new entry would find no place."""
        return self.entries >= self.capacity


class Keeper:
    """Writes to the list in ``segment``. One at a time and in one thread at a time.

    ``key`` is that of the digests. ``clock`` returns seconds since the epoch; what it says is over is erased, so it had
    better not run ahead (``clock.py``).
    """

    def __init__(self, segment: Segment, key: bytes, pool: HashPool, clock: Callable[[], float]) -> None:
        self._writer = DenylistWriter(segment)
        self._key, self._pool, self._clock = key, pool, clock

    def store(self, entries: Sequence[Ended]) -> Stored:
        """Put ``entries`` on the list; when this has returned, every check finds them.

        Raises ``DenylistFullError`` where there is no room for all of them. Those there was room for are on the list
        then, and nothing was taken from it.
        """
        now = self._clock()
        cut_offs = [entry for entry in entries if entry.before is not None]
        names = [entry for entry in entries if entry.before is None]
        try:
            stored = self._load(names, now) if len(names) >= _MANY else sum(self._add(entry, now) for entry in names)
        finally:
            stored_cut_offs = sum(self._raise(entry, now) for entry in cut_offs)
        return Stored(stored + stored_cut_offs, len(entries) - stored - stored_cut_offs)

    def sweep(self) -> int:
        """Erase what is over, and return how many entries that were."""
        return self._writer.sweep(self._clock())

    def vouch(self, until: float) -> None:
        """Stand up for the list's being complete up to ``until`` (seconds since the epoch); infinity is for ever."""
        self._writer.vouch(until)

    def room(self) -> Room:
        """Return how full the list is, what is over included: two reads of memory."""
        writer = self._writer
        return Room(writer.entries, writer.measures.capacity, writer.epoch, writer.vouched_until)

    def close(self) -> None:
        """Let go of the memory."""
        self._writer.close()

    def _add(self, entry: Ended, now: float) -> bool:
        return self._writer.add(digest(self._key, entry.name), entry.ends_at, now)

    def _raise(self, entry: Ended, now: float) -> bool:
        tag = digest(self._key, entry.name)[:TAG_BYTES]
        return self._writer.raise_number(tag, entry.before or 0, entry.ends_at, now)

    def _load(self, entries: Sequence[Ended], now: float) -> int:
        kinds = {kind: kind.value.encode() for kind in Kind}
        rows = prefixed_rows(
            (one.name.issuer.encode(), kinds[one.name.kind], one.name.value.encode()) for one in entries
        )
        digests = self._pool.hash_many(Algorithm.BLAKE2B_128, *rows, self._key).view(np.uint8)
        ends = coarse_all(np.fromiter((entry.ends_at for entry in entries), np.float64, len(entries)))
        try:
            self._writer.load(digests, ends, now)
        except DenylistFullError:
            _log.debug("not all of %d entries find room: as many as do, one by one", len(entries))
            for one, end in zip(digests, ends.tolist(), strict=True):
                self._writer.add(one.tobytes(), end, now)
            raise
        return int((ends > now).sum())
