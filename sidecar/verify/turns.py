"""Verifying in the server itself, one signature in each turn of its loop.

However many new tokens come at once: between any two of them whoever needs no signature is answered. With 128 new
tokens at once, one after the other without a break, everybody else would wait for 7 ms.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from sidecar.core.needs import Verdict, Verify
from sidecar.verify.inline import verify_inline
from sidecar.verify.routing import Costs, Mean

#: Seconds from one turn to the next on a busy machine.
_USUAL = 0.0002


class Turns:
    """For one event loop. ``costs`` is told how long verifying takes; ``verify`` does it."""

    def __init__(self, costs: Costs, verify: Callable[[Verify], Awaitable[Verdict]] = verify_inline) -> None:
        self.waiting = 0  #: those that wait for their turn, or have it
        #: Seconds from one turn to the next, while somebody waits. It begins with what is usual, since the first one
        #: measured may be the one in which Python imports something.
        self.interval = Mean(_USUAL)
        self._last: float | None = None
        self._costs = costs
        self._verify = verify
        self._one_at_a_time = asyncio.Lock()

    async def verify(self, need: Verify) -> Verdict:
        """Return the verdict on ``need``; raises what verifying raises."""
        self.waiting += 1
        try:
            await self._one_at_a_time.acquire()
            try:
                began = time.monotonic()
                if self._last is not None:
                    self.interval.add(began - self._last)
                verdict = await self._verify(need)
                self._costs.verify.add(time.monotonic() - began)
                return verdict
            finally:
                self._last = began if self.waiting > 1 else None
                asyncio.get_running_loop().call_soon(self._one_at_a_time.release)
        finally:
            self.waiting -= 1
