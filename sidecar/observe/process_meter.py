"""What a process tells of itself: the CPU time it took, and how late its event loop is."""

import time
from collections import deque
from collections.abc import Callable
from typing import Final

from sidecar.memory.counters import Row
from sidecar.observe.process_series import CPU, LAG
from sidecar.observe.series import histogram_of, index_of

CPU_TIME: Final = index_of(CPU)
LOOP_LAG: Final = histogram_of(LAG)
#: Seconds for which a loop's having been late is remembered.
REMEMBERED: Final = 10.0


class ProcessMeter:
    """Counts in ``row``. ``clock`` is CLOCK_MONOTONIC in seconds, ``cpu`` the process's CPU time in nanoseconds."""

    def __init__(
        self,
        row: Row,
        clock: Callable[[], float] = time.monotonic,
        cpu: Callable[[], int] = time.process_time_ns,
    ) -> None:
        self._row, self._clock, self._cpu = row, clock, cpu
        self._counted = 0
        self._lags: deque[tuple[float, float]] = deque()

    def publish(self) -> None:
        """Add the CPU time since the last time; call it now and then, as with each heartbeat."""
        now = self._cpu()
        if now > self._counted:
            self._row.add(CPU_TIME, now - self._counted)
            self._counted = now

    def late(self, seconds: float) -> None:
        """Note by how much the loop was late just now."""
        seconds = max(0.0, seconds)
        self._row.observe(LOOP_LAG, seconds)
        # Smaller ones before it no longer matter, so what is left descends.
        while self._lags and self._lags[-1][1] <= seconds:
            self._lags.pop()
        self._lags.append((self._clock(), seconds))

    @property
    def lag(self) -> float:
        """Return by how much it was late at the most, lately."""
        since = self._clock() - REMEMBERED
        while self._lags and self._lags[0][0] < since:
            self._lags.popleft()
        return self._lags[0][1] if self._lags else 0.0
