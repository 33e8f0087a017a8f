"""From what is asked of pools, and done by them, to counters in shared memory."""

from collections.abc import Mapping
from typing import Final

from sidecar.memory.counters import Row
from sidecar.observe.pool_series import BATCH, BUSY, COMPLETED, FAILED, WAIT, Failure, Pool
from sidecar.observe.series import histogram_of, index_of

#: The indices of what is counted of each pool.
POOL_COMPLETED: Final = {pool: index_of(COMPLETED, pool.value) for pool in Pool}
POOL_FAILED: Final = {(pool, end): index_of(FAILED, pool.value, end.value) for pool in Pool for end in Failure}
POOL_BUSY: Final = {pool: index_of(BUSY, pool.value) for pool in Pool}
POOL_WAIT: Final = {Pool(pool): histogram_of(WAIT, pool) for (pool,) in WAIT.series}
POOL_BATCH: Final = {Pool(pool): histogram_of(BATCH, pool) for (pool,) in BATCH.series}


class PoolMeter:
    """Counts in ``row`` what one process asks of ``pool``, or does for it."""

    def __init__(self, row: Row, pool: Pool) -> None:
        self._row, self._pool = row, pool
        self._busy, self._wait, self._batch = POOL_BUSY[pool], POOL_WAIT.get(pool), POOL_BATCH.get(pool)
        self._last: dict[Failure | None, int] = {}

    def waited(self, seconds: float) -> None:
        """Note that a job waited so long before it was begun."""
        if self._wait is not None:
            self._row.observe(self._wait, seconds)

    def worked(self, jobs: int, seconds: float) -> None:
        """Note that so many jobs were begun at once, and how long they took together."""
        self._row.add(self._busy, max(0, round(seconds * 1e9)))
        if self._batch is not None:
            self._row.observe(self._batch, jobs)

    def done(self) -> None:
        """Note that a job was done."""
        self._row.add(POOL_COMPLETED[self._pool])

    def failed(self, why: Failure) -> None:
        """Note that one was not."""
        self._row.add(POOL_FAILED[self._pool, why])

    def publish(self, done: int, failed: Mapping[Failure, int]) -> None:
        """Add what totals since the start have grown by, in place of ``done`` and ``failed``."""
        self._row.add(POOL_COMPLETED[self._pool], self._grown(None, done))
        for why, total in failed.items():
            self._row.add(POOL_FAILED[self._pool, why], self._grown(why, total))

    def _grown(self, what: Failure | None, total: int) -> int:
        last = self._last.get(what, 0)
        self._last[what] = total
        return total - last
