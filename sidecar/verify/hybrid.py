"""Where each signature is verified: in the server, by the pool, or not at all. ``routing`` decides."""

import asyncio
import time
from collections.abc import Callable, Sequence

from sidecar.core.needs import Verdict, Verify
from sidecar.observe.series import Verification
from sidecar.verify.pool.pool import Pool
from sidecar.verify.routing import Budget, Costs, Limits, Load, Mean, Route, expected_wait, route
from sidecar.verify.source import source_of
from sidecar.verify.turns import Turns

#: Of the longest wait, and of the pool: from here on sources that have spent their budget are turned away.
_CROWDED = 0.1
#: That the pool gets for what no check waits for: on a busy machine nothing is verified twice for being late.
_BULK_SECONDS = 2.0
_ENDED = {True: Verification.VALID, False: Verification.INVALID}
#: Told of each signature where it was verified, and how that ended.
Observer = Callable[[Route, Verification], None]


class ShedError(Exception):
    """There is no time for this signature; the caller may try again in a moment."""


class Hybrid:
    """Verifies for one event loop. Raises ``ShedError``, and what ``verify_inline`` raises.

    ``pool`` may be missing; then everything is verified here, in ``turns``. ``timeout`` is in seconds, for the pool.
    ``budget`` is told whose signatures were bad.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what there is to decide with
        self,
        pool: Pool | None,
        turns: Turns,
        limits: Limits,
        costs: Costs,
        timeout: float,
        budget: Budget,
        observe: Observer,
    ) -> None:
        self._pool = pool
        self._turns = turns
        self._limits = limits
        self._costs = costs
        self._timeout = timeout
        self._observe = observe
        self._waiting = 0
        self._lag = Mean()
        self._budget = budget

    async def verify(self, need: Verify) -> Verdict:
        """Answer ``need``."""
        self._waiting += 1
        try:
            # Let those in that have come meanwhile: whether this miss is alone is not known before. How long that
            # takes is how late the loop is.
            began = time.monotonic()
            await asyncio.sleep(0)
            self._lag.add(time.monotonic() - began)
            return await self._verify(need)
        finally:
            self._waiting -= 1

    async def verify_in_bulk(self, needs: Sequence[Verify]) -> Sequence[Verdict | None]:
        """Answer needs that no check waits for: in one piece by the pool, where there is one; never shed.

        ``None`` is for those that cannot be verified, as with a key that is none for the algorithm.
        """
        pool = self._pool
        found = (None,) * len(needs) if pool is None else await pool.verify_many(needs, _BULK_SECONDS)
        verdicts: list[Verdict | None] = []
        for need, answer in zip(needs, found, strict=True):
            verdict = await self._verified_here(need) if answer is None else answer
            ended = Verification.FAILED if verdict is None else _ENDED[verdict.valid]
            self._observe(Route.INLINE if answer is None else Route.POOL, ended)
            verdicts.append(verdict)
        return verdicts

    async def _verified_here(self, need: Verify) -> Verdict | None:
        try:
            return await self._turns.verify(need)
        except Exception:  # noqa: BLE001 - the others go on
            return None

    async def _verify(self, need: Verify) -> Verdict:
        load = self._load()
        where = route(load, self._limits, self._costs)
        source, now = source_of(need.source), time.monotonic()
        # Who has sent many bad signatures is served last: not where others would have to wait for it.
        is_crowded = (
            expected_wait(load) > self._limits.wait_seconds * _CROWDED or load.queued > load.capacity * _CROWDED
        )
        if where is Route.SHED or (is_crowded and self._budget.spent(source, now)):
            raise ShedError
        verdict = await self._verified(need, where, self._timeout)
        if not verdict.valid:
            self._budget.failed(source, now)
        return verdict

    async def _verified(self, need: Verify, where: Route, seconds: float) -> Verdict:
        ended = Verification.FAILED
        try:
            if where is Route.POOL and self._pool is not None:
                verdict = await self._pool.verify(need, seconds)
            else:
                verdict = await self._turns.verify(need)
            ended = _ENDED[verdict.valid]
        except asyncio.CancelledError:
            ended = Verification.LATE
            raise
        finally:
            self._observe(where, ended)
        return verdict

    def _load(self) -> Load:
        queued, capacity = (self._pool.waiting, self._pool.capacity) if self._pool else (0, 0)
        return Load(
            self._waiting,
            self._lag.seconds or 0.0,
            queued,
            capacity,
            self._turns.waiting,
            self._turns.interval.seconds or 0.0,
        )
