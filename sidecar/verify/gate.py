"""Who may have a new token looked at: everybody, but those who have sent many bad signatures lately take turns.

Looking into a token, verifying its signature and saying no cost a hundred times what a known one costs. A source that
has spent its budget is told to come back later before anything of its token is read; all such sources together get one
look every 20 ms, so that an honest client behind the same address as an attacker is not shut out for good.
"""

import time
from collections.abc import Callable

from sidecar.verify.routing import Budget
from sidecar.verify.source import source_of

#: Seconds between two looks for sources that have spent their budget.
EVERY = 0.02


class Gate:
    """``budget`` is told of bad signatures by whoever finds them. ``refused`` is called for each token turned away."""

    def __init__(
        self,
        budget: Budget,
        refused: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._budget = budget
        self._refused = refused
        self._clock = clock
        self._next = 0.0

    def admits(self, source: str) -> bool:
        """Say whether a new token from ``source``, an IP address, may be looked at now."""
        now = self._clock()
        if not self._budget.spent(source_of(source), now):
            return True
        if now < self._next:
            self._refused()
            return False
        self._next = now + EVERY
        return True

    def failed(self, source: str) -> None:
        """Note a token that is inactive, or whose key nobody has: asking its issuer costs as much as a signature."""
        self._budget.failed(source_of(source), self._clock())
