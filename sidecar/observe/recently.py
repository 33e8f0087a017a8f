"""Whether something that is counted has happened lately."""

from collections.abc import Callable


class Recently:
    """``count`` returns a total that never goes back. ``clock`` is CLOCK_MONOTONIC, in seconds.

    What was counted before it is made does not matter. It sees a change when it is asked, so ask at least that often.
    """

    def __init__(self, count: Callable[[], int], clock: Callable[[], float], seconds: float) -> None:
        self._count, self._clock, self._seconds = count, clock, seconds
        self._seen = count()
        self._changed_at: float | None = None

    def has_happened(self) -> bool:
        """Say whether the total has grown within the last ``seconds``, or since it was asked last."""
        count, now = self._count(), self._clock()
        if count != self._seen:
            self._seen, self._changed_at = count, now
        return self._changed_at is not None and now - self._changed_at <= self._seconds
