"""Where each signature is verified: in the server, by the pool, or not at all. ``routing`` decides."""

import asyncio
import time
from collections.abc import Callable

from sidecar.core.needs import Verdict, Verify
from sidecar.verify.inline import verify_inline
from sidecar.verify.pool.pool import Pool
from sidecar.verify.routing import Costs, Limits, Load, Mean, Route, route

#: Told of each verdict: where it was found, and whether the signature is good.
Observer = Callable[[Route, bool], None]


class ShedError(Exception):
    """There is no time for this signature; the caller may try again in a moment."""


class Hybrid:
    """Verifies for one event loop. Raises ``ShedError``, and what ``verify_inline`` raises.

    ``pool`` may be missing; then everything is verified here. ``timeout`` is in seconds, for the pool.
    """

    def __init__(self, pool: Pool | None, limits: Limits, costs: Costs, timeout: float, observe: Observer) -> None:
        self._pool = pool
        self._limits = limits
        self._costs = costs
        self._timeout = timeout
        self._observe = observe
        self._waiting = 0
        self._lag = Mean()

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

    async def _verify(self, need: Verify) -> Verdict:
        where = route(self._load(), self._limits, self._costs)
        if where is Route.SHED:
            raise ShedError
        if where is Route.POOL and self._pool is not None:
            verdict = await self._pool.verify(need, self._timeout)
        else:
            began = time.monotonic()
            verdict = await verify_inline(need)
            self._costs.verify.add(time.monotonic() - began)
        self._observe(where, verdict.valid)
        return verdict

    def _load(self) -> Load:
        queued, capacity = (self._pool.waiting, self._pool.capacity) if self._pool else (0, 0)
        return Load(self._waiting, self._lag.seconds or 0.0, queued, capacity)
