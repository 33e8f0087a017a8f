"""A plain function, asked in the server itself, under a budget.

While it runs the server answers nobody else, and nothing can end it: Python interrupts no function safely. So it is
measured. One that took too long denies that check; one that does so again and again is asked elsewhere from then on;
and one that never comes back makes the server miss its heartbeats, which has it replaced, by one that asks elsewhere
from the start (``asker.py``).
"""

from collections import deque
from collections.abc import Callable

from sidecar.core.hooked import HookAnswer, HookResult
from sidecar.hooking.calling import Caller
from sidecar.hooking.saying import failed
from sidecar.hooking.views import Question

#: Seconds within which so many checks over the budget count.
WITHIN_SECONDS = 60.0


class Inline:
    """``budget`` is in seconds, ``moves_after`` how often it may be gone over. ``clock`` is CLOCK_MONOTONIC."""

    def __init__(self, call: str, caller: Caller, budget: float, moves_after: int, clock: Callable[[], float]) -> None:
        self._call = call
        self._caller = caller
        self._budget = budget
        self._moves_after = moves_after
        self._clock = clock
        self._over: deque[float] = deque(maxlen=moves_after)

    def ask(self, asked: Question) -> HookAnswer:
        """Ask it; an answer that comes too late is none."""
        began = self._clock()
        answer = self._caller.ask(asked)
        now = self._clock()
        if now - began <= self._budget:
            return answer
        self._over.append(now)
        text = f"it took {(now - began) * 1000:.0f} ms, and may take {self._budget * 1000:g}"
        return failed(self._call, text, HookResult.TIMEOUT)

    def is_too_slow(self) -> bool:
        """Say whether it went over its budget too often of late."""
        over = self._over
        return len(over) == self._moves_after and over[-1] - over[0] <= WITHIN_SECONDS
