"""A clock by which entries are erased: one that does not believe a sudden jump ahead at once."""

from collections.abc import Callable
from typing import Protocol

#: Seconds that the time must have stayed where it jumped to before what it ends is erased.
PROBATION = 3600.0
#: Seconds by which clocks may come to differ, in so many seconds, without its being a jump.
TOLERANCE, _PERIOD = 1.0, 30.0


class Memory(Protocol):
    """Where the offset that is believed is kept for who comes after us."""

    def recall(self) -> float | None:
        """Return it, in seconds; ``None`` where nobody was before us."""

    def remember(self, offset: float) -> None:
        """Keep it."""


class SteadyClock:
    """Seconds since the epoch, for erasing entries. ``monotonic`` must go on from one process to the next.

    A clock that jumps a year ahead ends every entry, and every token with them. Set right again, it makes the tokens
    good again; so the entries must still be there. A jump is believed after ``PROBATION`` seconds of ``monotonic``; one
    back at once. Entries that are over meanwhile are still there, and over.

    Whoever takes over begins with what the one before believed: killing control while the clock is ahead ends nothing.
    The first one on a node has nothing to hold the clock against, and takes it as it is.
    """

    def __init__(self, wall: Callable[[], float], monotonic: Callable[[], float], memory: Memory) -> None:
        self._wall, self._monotonic, self._memory = wall, monotonic, memory
        self._moved_at = monotonic()
        offset, known = wall() - self._moved_at, memory.recall()
        self._offset = offset if known is None else min(offset, known)
        memory.remember(self._offset)
        self._jumped_at: float | None = None

    def __call__(self) -> float:
        """Return the time."""
        moment = self._monotonic()
        offset = self._wall() - moment
        if offset <= self._offset + TOLERANCE:
            self._jumped_at = None
            # Many small steps, looked at often, are a jump as well.
            if offset < self._offset or moment - self._moved_at >= _PERIOD:
                self._move(offset, moment)
        elif self._jumped_at is None:
            self._jumped_at = moment
        elif moment - self._jumped_at >= PROBATION:
            self._move(offset, moment)
            self._jumped_at = None
        return moment + self._offset

    def _move(self, offset: float, moment: float) -> None:
        self._offset, self._moved_at = offset, moment
        self._memory.remember(offset)
