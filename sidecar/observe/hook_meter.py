"""From what a server asks hooks to its counters in shared memory."""

from sidecar.core.hooked import HookResult
from sidecar.memory.counters import Row
from sidecar.observe.series import HOOK_CALL, HOOK_DURATION, HOOK_KEPT, HOOK_MOVED, HOOK_RESULT, HookEnd


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
