"""A circuit breaker: an endpoint that fails again and again is left alone for a while, and nobody waits for it.

    closed ── FAILURES in a row ──> open ── after a pause ──> one trial ── good ──> closed
                                      └──────── bad: a pause twice as long ──┘

Pure: times, in seconds of any one clock, are arguments.
"""

FAILURES = 5
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0


class Breaker:
    """Of one endpoint, in one process."""

    def __init__(self) -> None:
        self._failures = 0
        self._pause = FIRST_PAUSE
        self._open_until: float | None = None
        self._trial = False

    def admits(self, now: float) -> bool:
        """Say whether the endpoint may be asked; whoever is told so must tell how it went."""
        if self._open_until is None:
            return True
        if self._trial or not now >= self._open_until:
            return False
        self._trial = True
        return True

    def succeeded(self) -> None:
        """Close: the endpoint answers."""
        self._failures, self._pause, self._open_until, self._trial = 0, FIRST_PAUSE, None, False

    def failed(self, now: float) -> None:
        """Take note of a failure."""
        self._failures += 1
        if self._trial:
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
        if self._trial or (self._failures >= FAILURES and self._open_until is None):
            self._open_until = now + self._pause
        self._trial = False

    def abandoned(self) -> None:
        """Take note that nobody waited for the end, from which nothing follows."""
        self._trial = False
