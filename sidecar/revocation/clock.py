"""A clock by which entries are erased: one that does not believe a sudden jump ahead at once."""

from collections.abc import Callable

#: Seconds that the time must have stayed where it jumped to before what it ends is erased.
PROBATION = 3600.0
#: Seconds between two looks by which clocks may differ without its being a jump.
_TOLERANCE = 1.0


class SteadyClock:
    """Seconds since the epoch, for erasing entries.

    A clock that jumps a year ahead ends every entry, and every token with them. Set right again, it makes the tokens
    good again; so the entries must still be there. A jump is believed after ``PROBATION`` seconds of ``monotonic``; one
    back at once. Entries that are over meanwhile are still there, and over.
    """

    def __init__(self, wall: Callable[[], float], monotonic: Callable[[], float]) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._offset = wall() - monotonic()
        self._jumped_at: float | None = None

    def __call__(self) -> float:
        """Return the time."""
        moment = self._monotonic()
        offset = self._wall() - moment
        if offset <= self._offset + _TOLERANCE:
            self._offset, self._jumped_at = offset, None
        elif self._jumped_at is None:
            self._jumped_at = moment
        elif moment - self._jumped_at >= PROBATION:
            self._offset, self._jumped_at = offset, None
        return moment + self._offset
