"""Takes values of time: a piece of work is repeated until it lasts long enough for the clock to be told from noise."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from suite.measurement import Take

Work = Callable[[], object]


@dataclass(eq=False)
class Repeated:
    """``work`` does so many ``operations``; a value is the seconds of ``clock`` for one.

    How often it is repeated is found out when the first value is taken: doubled until it takes ``seconds``.
    """

    work: Work
    operations: int
    seconds: float
    clock: Callable[[], float]
    _times: int = field(default=0, init=False)

    def __call__(self) -> float:
        """Take one value."""
        while not self._times:
            self._calibrate()
        return self._taken(self._times) / (self._times * self.operations)

    def _calibrate(self) -> None:
        times = 1
        while self._taken(times) < self.seconds:
            times *= 2
        self._times = times

    def _taken(self, times: int) -> float:
        work, clock = self.work, self.clock
        before = clock()
        for _ in range(times):
            work()
        return clock() - before


def once(work: Work, operations: int) -> float:
    """Return the seconds by the clock for one operation of what cannot be repeated."""
    before = time.perf_counter()
    work()
    return (time.perf_counter() - before) / operations


def cpu(work: Work, operations: int, seconds: float) -> Take:
    """Return what takes this process' CPU time for one operation: what others on the machine do changes it little."""
    return Repeated(work, operations, seconds, time.process_time)


def wall(work: Work, operations: int, seconds: float = 0.0) -> Take:
    """Return what takes the time by the clock for one operation: for what several processes do."""
    return Repeated(work, operations, seconds, time.perf_counter)


class Together:
    """Several values of one piece of work: ``work`` returns them all, and each is for a line of its own."""

    def __init__(self, work: Callable[[], Sequence[float]]) -> None:
        self._work = work
        self._left: dict[int, float] = {}

    def of(self, which: int) -> Take:
        """Return what takes the value at a place. The work is done anew when one is asked for a second time."""

        def take() -> float:
            if which not in self._left:
                self._left = dict(enumerate(self._work()))
            return self._left.pop(which)

        return take
