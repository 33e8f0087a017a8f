"""What a child measures of itself: its CPU time, its memory, and how late its event loop is."""

import math
import threading
import time
from typing import Final

from sidecar.memory.counters import Row
from sidecar.memory.scoreboard import Scoreboard
from sidecar.memory.vitals import Vitals
from sidecar.observe.process_meter import ProcessMeter
from sidecar.runtime.ipc.heartbeat import INTERVAL
from sidecar.runtime.ipc.procfs import proportional_bytes

#: Seconds between two weighings. One takes 2 ms for 80 MiB, in a thread: no check waits for it.
WEIGH_SECONDS: Final = 15.0


class VitalSigns:
    """``late`` after each pause of an event loop, and ``tell`` with each heartbeat."""

    hook_processes = 0
    hooks_waiting = 0

    def __init__(self, board: Scoreboard, index: int, incarnation: int, row: Row) -> None:
        self._board, self._index, self._incarnation = board, index, incarnation
        self._meter = ProcessMeter(row)
        self._tell_at = -math.inf
        self._memory = 0
        threading.Thread(target=self._weigh, name="memory", daemon=True).start()

    def late(self, seconds: float) -> None:
        """Note by how much the loop was late."""
        self._meter.late(seconds)

    def tell(self) -> None:
        """Say how things are; nothing, where that was done a moment ago: a verifier's heart beats at each batch."""
        now = time.monotonic()
        if now < self._tell_at:
            return
        self._tell_at = now + INTERVAL / 2
        self._meter.publish()
        counts = self.hook_processes, self.hooks_waiting
        self._board.write_vitals(self._index, Vitals(self._incarnation, self._meter.lag, self._memory, *counts))

    def _weigh(self) -> None:
        while (found := proportional_bytes()) is not None:
            self._memory = found
            time.sleep(WEIGH_SECONDS)
