"""Has the number of verifiers change by itself: looks at their pool each second, and tells the supervisor how many.

It says so each second, changed or not: what nobody repeats does not hold (``supervision/crew.py``). A control process
that takes another's place has seen nothing yet, and leaves the number as it is until it has.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Final

from sidecar.runtime.control.pool_looks import PoolLooks
from sidecar.sizing.decision import Pace, decide
from sidecar.sizing.look import Bounds, Look

#: Seconds between two looks.
EVERY: Final = 1.0
PACE: Final = Pace()

_log = logging.getLogger(__name__)


class Resizing:
    """``wish`` tells the supervisor. ``follow`` it in a task."""

    def __init__(
        self, looks: PoolLooks, bounds: Bounds, wish: Callable[[int], object], pace: Pace = PACE, every: float = EVERY
    ) -> None:
        self._looks, self._bounds, self._wish = looks, bounds, wish
        self._pace, self._every = pace, every
        # One more than a stretch has: the oldest says when it began.
        self._seen: deque[Look] = deque(maxlen=round(max(pace.grow, pace.shrink) / every) + 2)

    async def follow(self) -> None:
        """Look, and say how many, again and again."""
        while True:
            try:
                look = await asyncio.to_thread(self._looks.look)
                if look is not None:
                    self._decide(look)
            except Exception:  # noqa: BLE001 - one look less; unless there is another, the wish is forgotten
                _log.exception("could not look at the verifiers")
            await asyncio.sleep(self._every)

    def _decide(self, look: Look) -> None:
        self._seen.append(look)
        decision = decide(tuple(self._seen), self._bounds, self._pace)
        if decision.why:
            _log.info("%d verifiers instead of %d: %s", decision.size, look.wanted, decision.why)
        self._wish(decision.size)
