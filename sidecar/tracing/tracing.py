"""Tracing, of one server: which checks, what is noted of them, and spans of it when they have their answers.

```
call ─> CallTracer ─(few)─> recording ─> Engine ─> services, noted ─> answer
                                            └> watch ──later──> attributes ─> Spans ─thread─> collector
```
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from sidecar.core.needs import Decided
from sidecar.engine.engine import Services
from sidecar.tracing.attributes import Hide, attributes_of, is_fault
from sidecar.tracing.calls import Answer, CallTracer
from sidecar.tracing.pace import Pace
from sidecar.tracing.plan import Plan
from sidecar.tracing.recording import Recording, current
from sidecar.tracing.services import traced

if TYPE_CHECKING:  # with OpenTelemetry, which only who traces has
    from sidecar.tracing.spans import Spans

#: Seconds until spans are made of a check, so that its answer is on its way before.
_LATER_SECONDS = 0.005
#: Checks that wait for that, and of which spans are made in one turn of the loop.
_MOST_WAITING, _IN_ONE_TURN = 1024, 16
_NANOSECONDS = 1_000_000_000

Exemplify = Callable[[float, bytes, float], object]

_log = logging.getLogger(__name__)


class _Ended(NamedTuple):
    recording: Recording
    decided: Decided
    seconds: float
    request: bytes  # with the token in it: not kept for longer than it takes to make the span


class Tracing:
    """``open`` in the loop before the first check, ``close`` after the last. ``dropped`` counts spans without room.

    ``hide`` is for what is told of requests (``attributes``). ``exemplify`` is told how many seconds a check took, in
    which trace (16 bytes), and when, since the epoch.
    """

    def __init__(self, plan: Plan, hide: Hide, exemplify: Exemplify = lambda _seconds, _trace, _at: None) -> None:
        self._plan, self._hide = plan, hide
        self._exemplify = exemplify
        self._spans: Spans | None = None
        self._ended: deque[_Ended] = deque()
        self._pace = Pace(plan.most_per_second)
        self.dropped = 0

    def open(self) -> None:
        """Begin to make spans."""
        # Loaded now, in the process that needs it: it takes some 20 MiB, and a thread.
        self._spans = import_module("sidecar.tracing.spans").Spans(self._plan)
        self._loop = asyncio.get_running_loop()

    def calls(self, answer: Answer) -> CallTracer:
        """Return what says of each call how it is answered, where ``answer`` answers those that are not traced."""
        return CallTracer(answer, self._plan.ratio, self._pace, believes_requests=self._plan.believes_requests)

    def services(self, services: Services) -> Services:
        """Return what checks need, with notes of it."""
        return traced(services)

    def watch(self, decided: Decided, seconds: float, request: bytes, _waited: bool) -> None:  # noqa: FBT001 - a fact
        """Take note that a check has ended."""
        recording = current()
        if recording is None:
            return
        if len(self._ended) >= _MOST_WAITING:
            self.dropped += 1 + len(recording.steps)
            return
        if not self._ended:
            self._loop.call_later(_LATER_SECONDS, self._make_some)
        self._ended.append(_Ended(recording, decided, seconds, request))

    @property
    def made(self) -> int:
        """Return how many spans were made."""
        return 0 if self._spans is None else self._spans.made

    @property
    def delivered(self) -> int:
        """Return how many spans the collector has taken."""
        return 0 if self._spans is None else self._spans.delivered

    @property
    def failed(self) -> int:
        """Return how many it has not."""
        return 0 if self._spans is None else self._spans.failed

    @property
    def refused(self) -> int:
        """Return how many checks were not traced, since they were too many in a second."""
        return self._pace.refused

    async def close(self, seconds: float) -> None:
        """Send what waits, within so many seconds."""
        spans = self._spans
        if spans is None:
            return
        while self._ended:
            self._make_one(self._ended.popleft())
        over = asyncio.Event()
        # A thread of our own: the loop's are waited for at its end, however long a collector takes.
        closing = threading.Thread(target=_close, args=(spans, self._loop, over), name="tracing-end", daemon=True)
        closing.start()
        try:
            await asyncio.wait_for(over.wait(), seconds)
        except TimeoutError:
            spans.give_up()

    def _make_some(self) -> None:
        for _ in range(min(_IN_ONE_TURN, len(self._ended))):
            self._make_one(self._ended.popleft())
        if self._ended:
            self._loop.call_soon(self._make_some)

    def _make_one(self, one: _Ended) -> None:
        spans = self._spans
        if spans is None or not spans.has_room(1 + len(one.recording.steps)):
            self.dropped += 1 + len(one.recording.steps)
            return
        decision = one.decided.decision
        ended = one.recording.began + int(one.seconds * _NANOSECONDS)
        try:
            fault = decision.reason.value if is_fault(decision) else ""
            told = attributes_of(one.decided, one.request, self._plan.told, self._hide)
            trace = spans.make(one.recording, ended, told, fault)
            self._exemplify(one.seconds, trace, ended / _NANOSECONDS)
        except Exception:  # noqa: BLE001 - the next one may be another matter
            _log.exception("a check could not be traced")


def _close(spans: "Spans", loop: asyncio.AbstractEventLoop, over: asyncio.Event) -> None:
    try:
        spans.close()
    finally:
        with suppress(RuntimeError):  # the loop is closed: nobody waited so long
            loop.call_soon_threadsafe(over.set)
