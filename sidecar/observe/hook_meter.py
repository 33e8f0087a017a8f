"""From what a server asks hooks to its counters in shared memory."""

from typing import Final

from sidecar.core.hooked import HookResult
from sidecar.memory.counters import Row
from sidecar.observe.hook_series import CALLS, DURATIONS, HOOKS, KEPT, MOVED, RESULTS, HookEnd
from sidecar.observe.series import histogram_of, index_of

#: The indices of what is counted of each hook, by its number.
HOOK_CALL: Final = tuple(index_of(CALLS, hook) for hook in HOOKS)
HOOK_RESULT: Final = {
    (number, end): index_of(RESULTS, hook, end.value) for number, hook in enumerate(HOOKS) for end in HookEnd
}
HOOK_KEPT: Final = tuple(index_of(KEPT, hook) for hook in HOOKS)
HOOK_MOVED: Final = tuple(index_of(MOVED, hook) for hook in HOOKS)
HOOK_DURATION: Final = tuple(histogram_of(DURATIONS, hook) for hook in HOOKS)


class HookMeter:
    """Counts in ``row``. ``hook`` is a hook's place in the configuration."""

    def __init__(self, row: Row) -> None:
        self._row = row

    def began(self, hook: int) -> None:
        """Note that one is asked."""
        self._row.add(HOOK_CALL[hook])

    def ended(self, hook: int, result: HookResult, seconds: float) -> None:
        """Note what came of it, after how many seconds."""
        self._row.observe(HOOK_DURATION[hook], seconds, HOOK_RESULT[hook, HookEnd(result.value)])

    def shed(self, hook: int) -> None:
        """Note that it could not be asked, since too many checks wait for it."""
        self._row.add(HOOK_RESULT[hook, HookEnd.SHED])

    def kept(self, hook: int) -> None:
        """Note that it was not asked, since its result was kept."""
        self._row.add(HOOK_KEPT[hook])

    def moved(self, hook: int) -> None:
        """Note that it is asked in a process of its own from now on."""
        self._row.add(HOOK_MOVED[hook])

    def unfinished(self, hook: int) -> bool:
        """Say whether the process before this one ended while it asked it, and note that as failures.

        A row outlives its process: what began in it and did not end was under way when that was killed.
        """
        counters = self._row.read().counters
        ended = sum(counters[HOOK_RESULT[hook, end]] for end in HookEnd)
        missing = counters[HOOK_CALL[hook]] - ended
        if missing > 0:
            self._row.add(HOOK_RESULT[hook, HookEnd.FAILED], missing)
        return missing > 0
