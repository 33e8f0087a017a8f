"""How many checks are traced in a second, whoever wants them traced: a token bucket."""

from collections.abc import Callable
from time import monotonic


class Pace:
    """``per_second`` at the most, and as many at once after a quiet second. ``refused`` counts what was too much."""

    def __init__(self, per_second: int, clock: Callable[[], float] = monotonic) -> None:
        self._per_second, self._clock = per_second, clock
        self._left, self._at = float(per_second), clock()
        self.refused = 0

    def take(self) -> bool:
        """Say whether one more may be traced now."""
        now = self._clock()
        self._left = min(self._per_second, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            self.refused += 1
            return False
        self._left -= 1
        return True
