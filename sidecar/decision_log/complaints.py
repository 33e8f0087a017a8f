"""Saying once what goes on happening."""

from collections.abc import Callable, Hashable

#: Seconds without it, after which it is news.
QUIET_SECONDS = 60.0


class Complaints:
    """``say`` logs a line. ``clock`` returns seconds, and is never set."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._say, self._clock = say, clock
        self._last = dict[Hashable, float]()

    def note(self, what: Hashable, text: str) -> None:
        """Say it, unless it was noted within the last minute."""
        now = self._clock()
        last = self._last.get(what)
        self._last[what] = now
        if last is None or now - last > QUIET_SECONDS:
            self._say(text)
