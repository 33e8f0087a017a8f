"""From what one process has seen of a cache to its counters in shared memory."""

from dataclasses import replace

from sidecar.memory.counters import Row
from sidecar.memory.counts import CacheCounts
from sidecar.observe.series import EVICTION, LOOKUP, Lookup, Tier


class CacheMeter:
    """Adds what ``CacheCounts`` have grown by to a process's row. One for each cache that is opened."""

    def __init__(self, row: Row, tier: Tier) -> None:
        self._row = row
        self._tier = tier
        self._last = CacheCounts()
        self._plain_misses = 0

    def publish(self, counts: CacheCounts) -> None:
        """Add what came since the last time; call it now and then, as with each heartbeat.

        A lookup that ended at an expired or a torn entry is one of these and no plain miss. ``CacheCounts`` count them
        by slot, so that one which met two of them is taken for two: rare, and no total ever goes back.
        """
        last, self._last = self._last, replace(counts)
        for result, grown in (
            (Lookup.HIT, counts.hits - last.hits),
            (Lookup.MISS, self._new_plain_misses(counts)),
            (Lookup.EXPIRED, counts.expired - last.expired),
            (Lookup.TORN, counts.torn - last.torn),
        ):
            self._row.add(LOOKUP[self._tier, result], grown)
        self._row.add(EVICTION[self._tier], counts.evictions - last.evictions)

    def _new_plain_misses(self, counts: CacheCounts) -> int:
        known = self._plain_misses
        self._plain_misses = max(known, counts.misses - counts.expired - counts.torn)
        return self._plain_misses - known
