"""The log of one process: from checks that are to be told of to where they are told."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random, SystemRandom

from sidecar.core.needs import Decided
from sidecar.core.trust import Trust
from sidecar.decision_log.backlog import Backlog
from sidecar.decision_log.complaints import Complaints
from sidecar.decision_log.delivery import Delivery
from sidecar.decision_log.entry import Entry
from sidecar.decision_log.line import line_of
from sidecar.decision_log.masks import Masks
from sidecar.decision_log.output import Output, Told
from sidecar.decision_log.record import Origin, record_of
from sidecar.decision_log.watching import Choice, watching
from sidecar.observe.log_series import LogOutput, LogResult

#: Seconds of one turn of the loop in which requests are read again: what a check may have to wait for it.
TURN_SECONDS = 0.001
#: Seconds from the first check that is to be told of to that: many are written at once.
_PAUSE_SECONDS = 0.05
#: Bytes of the backlog for each record that may wait to be written.
_BYTES_A_RECORD = 1024

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is told, and how much may wait: ``queue_bytes`` of requests. ``recent_bytes`` is the room for a denial."""

    choice: Choice
    masks: Masks
    origin: Origin
    queue_bytes: int
    recent_bytes: int = 0


class DecisionLog:
    """For one event loop. ``count`` is told what became of records; ``keep`` keeps the line of a denial of late.

    ``trust`` returns the one in force.
    """

    def __init__(
        self,
        plan: Plan,
        trust: Callable[[], Trust],
        count: Callable[[LogOutput, LogResult, int], None],
        keep: Callable[[bytes], None],
        random: Random | None = None,
    ) -> None:
        self._plan, self._trust, self._count, self._keep = plan, trust, count, keep
        self._backlog = Backlog(plan.queue_bytes)
        self._deliveries: Sequence[Delivery] = ()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._scheduled: asyncio.Handle | None = None
        self._complaints = Complaints(_log.warning, time.monotonic)
        self.watch: Callable[[Decided, float, bytes, bool], None] = watching(
            plan.choice, self._put, self._limited, time.time, time.monotonic, random or SystemRandom()
        )

    def open(self, outputs: Sequence[tuple[LogOutput, Output]]) -> None:
        """Begin to tell, in the loop that is running."""
        self._loop = asyncio.get_running_loop()
        most = self._plan.queue_bytes // _BYTES_A_RECORD
        self._deliveries = [Delivery(name, output, most, self._settled) for name, output in outputs]

    @property
    def waiting(self) -> int:
        """Return how many checks and records wait: 0 where all is told."""
        return len(self._backlog) + sum(one.waiting for one in self._deliveries)

    async def close(self, seconds: float) -> None:
        """Write all that waits, in so many seconds at the most."""
        until = time.monotonic() + seconds
        if self._scheduled is not None:
            self._scheduled.cancel()
        while self._backlog and time.monotonic() < until:
            self._tell()
            await asyncio.sleep(0)
        if self._backlog:
            lost = sum(self._backlog.take().logged for _ in range(len(self._backlog)))
            self._lose(LogResult.FAILED, lost, "they were not read before the end")
        await asyncio.gather(*(one.close(until - time.monotonic()) for one in self._deliveries))

    def _put(self, entry: Entry) -> None:
        if not self._backlog.put(entry):
            if entry.logged:
                self._lose(LogResult.FULL, 1, "checks come faster than they can be told of")
        elif self._scheduled is None and self._loop is not None:
            self._scheduled = self._loop.call_later(_PAUSE_SECONDS, self._turn)

    def _limited(self) -> None:
        self._lose(LogResult.LIMITED, 1, f"there are more than {self._plan.choice.per_second} a second")

    def _turn(self) -> None:
        self._tell()
        # Between two turns whoever asks is answered.
        self._scheduled = self._loop.call_soon(self._turn) if self._backlog and self._loop is not None else None

    def _tell(self) -> None:
        until = time.perf_counter() + TURN_SECONDS
        batch = list[Told]()
        while self._backlog:
            self._tell_of(self._backlog.take(), batch)
            if time.perf_counter() >= until:
                break
        if batch:
            for delivery in self._deliveries:
                delivery.offer(batch)

    def _tell_of(self, entry: Entry, batch: list[Told]) -> None:
        plan = self._plan
        try:
            record = record_of(entry, self._trust(), plan.origin)
            plan.masks.apply(record)
            if entry.recent:
                self._keep(line_of(record, plan.recent_bytes))
            if entry.logged:
                batch.append(Told(record, line_of(record)))
        except Exception as error:  # noqa: BLE001 - the others are told all the same
            # Not its text, nor a traceback with values in it: what was asked may stand there.
            self._lose(LogResult.FAILED, int(entry.logged), f"a check could not be told of: {type(error).__name__}")

    def _lose(self, result: LogResult, count: int, why: str) -> None:
        for delivery in self._deliveries:
            self._settled(delivery.name, result, count, why)

    def _settled(self, name: LogOutput, result: LogResult, count: int, why: str) -> None:
        if not count:
            return
        self._count(name, result, count)
        if result is not LogResult.WRITTEN:
            text = f"decisions are not logged ({name}, {result}), since {why}; how many, metrics tell: it is said once"
            self._complaints.note((name, result), text)
