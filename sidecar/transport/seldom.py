"""Telling of what may happen thousands of times a second, seldom."""

from collections.abc import Callable

#: Seconds between two lines in the log.
TELL_SECONDS = 10.0


class Seldom:
    """``clock`` returns seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._told_at: float | None = None
        self._untold = 0

    def count(self) -> int:
        """Note that it happened once more; return how often since it was last told, where it is time to tell, or 0."""
        self._untold += 1
        now = self._clock()
        if self._told_at is not None and now - self._told_at < TELL_SECONDS:
            return 0
        self._told_at, untold, self._untold = now, self._untold, 0
        return untold
