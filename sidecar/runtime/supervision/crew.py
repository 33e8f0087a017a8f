"""The verifiers whose number changes by itself, as the supervisor knows them: which of them are wanted now.

Control decides how many, and says it again each second. What nobody says any more does not hold: after ``LEASE``
seconds there are as many again as at the start, which is what was configured. Always the first ones are wanted. One
that is not, and runs, is told to leave; one that ends before it did is started again, as any other is, and then told
again: until it has left by its own word servers may go on handing jobs to it.
"""

import logging
from collections.abc import Callable, Sequence

from sidecar.runtime.supervision.life import Life
from sidecar.sizing.look import Bounds

#: Seconds for which a wish holds: a control process that was killed is back long before, and wishes anew.
LEASE = 15.0

_log = logging.getLogger(__name__)


class Crew:
    """``lives`` are as many as there may be; ``changed`` is told of each one. Times are CLOCK_MONOTONIC, in seconds."""

    def __init__(self, lives: Sequence[Life], bounds: Bounds, changed: Callable[[Life], None]) -> None:
        self.wanted = bounds.first
        self.grown = self.shrunk = 0
        self._lives, self._bounds, self._changed = lives, bounds, changed
        self._wished_at: float | None = None
        for life in lives[bounds.first :]:
            life.is_wanted, life.next_start_at = False, None

    def wish(self, count: int, now: float) -> None:
        """Want so many from now on; of one that is out of bounds as many as there may be."""
        self._wished_at = now
        self._want(min(max(count, self._bounds.least), self._bounds.most), now)

    def look(self, awake_since: float, now: float) -> None:
        """Forget a wish that nobody repeats. What was before ``awake_since`` does not count: everybody stood still."""
        if self._wished_at is not None and now - max(self._wished_at, awake_since) > LEASE:
            self._wished_at = None
            _log.warning("nobody says any more how many verifiers there are to be: as many as at the start")
            self._want(self._bounds.first, now)

    def _want(self, count: int, now: float) -> None:
        if count == self.wanted:
            return
        _log.info("verifiers: %d -> %d", self.wanted, count)
        self.grown, self.shrunk = self.grown + (count > self.wanted), self.shrunk + (count < self.wanted)
        self.wanted = count
        for number, life in enumerate(self._lives):
            life.want(is_wanted=number < count, now=now)
            self._changed(life)
