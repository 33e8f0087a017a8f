"""Which checks are logged, of many.

By count, and not by a hash of the request's id, with which all replicas would log the same requests: that would have to
be found in each request first, which costs more than all else here; clients may choose theirs, and one who knows an id
that is not logged could use it for everything; and what belongs together is followed by its trace. The count is not
always the same: with every hundredth check a client that asks in a rhythm would be logged always or never.
"""

from collections.abc import Callable
from random import Random


class Gaps:
    """How many checks from one that is logged to the next: ``one_in`` on average, from 1 to twice as many less 1."""

    def __init__(self, one_in: int, random: Random) -> None:
        self._most, self._random = 2 * one_in - 1, random

    def next(self) -> int:
        """Return it, 0 where none is to be logged."""
        return self._random.randint(1, self._most) if self._most > 1 else max(self._most, 0)


class Rate:
    """At most ``per_second`` in a second, and as many at once. ``clock`` returns seconds, and is never set."""

    def __init__(self, per_second: int, clock: Callable[[], float]) -> None:
        self._per_second, self._clock = per_second, clock
        self._left, self._at = float(per_second), clock()

    def admits(self) -> bool:
        """Say whether one more may be, and count it."""
        now = self._clock()
        self._left, self._at = min(self._per_second, self._left + (now - self._at) * self._per_second), now
        if self._left < 1:
            return False
        self._left -= 1
        return True
