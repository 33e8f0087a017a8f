"""Whether something that is counted has happened lately."""

from collections.abc import Callable
from typing import Final

#: Seconds between two times that are counted.
_EVERY: Final = 1.0


class Recently:
    """``count`` returns a total that never goes back. ``clock`` is CLOCK_MONOTONIC, in seconds.

    What was counted before it is made does not matter. It sees a change when it is asked, so ask at least that often.
    It counts once a second at the most, however often it is asked: the probes are for whoever can reach them.
    """

    def __init__(self, count: Callable[[], int], clock: Callable[[], float], seconds: float) -> None:
        self._count, self._clock, self._seconds = count, clock, seconds
        self._seen = count()
        self._changed_at: float | None = None
        self._counted_at = clock()

    def has_happened(self) -> bool:
        """Say whether the total has grown within the last ``seconds``, or since it was asked last."""
        now = self._clock()
        if now - self._counted_at >= _EVERY:
            count, self._counted_at = self._count(), now
            if count != self._seen:
                self._seen, self._changed_at = count, now
        return self._changed_at is not None and now - self._changed_at <= self._seconds
