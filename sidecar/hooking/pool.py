"""Processes that ask hooks for one server: those that calculate, and those that were too slow for it.

```
ask ─> a free process, or wait for one ─> the question ─┬─> the answer; the process is free again
                                                        ├─> too late: it is killed, and another one started
                                                        └─> it has ended: another one is asked, once
```
Unlike a thread a process can be ended, in the middle of whatever it does.
"""

import asyncio
import logging
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sidecar.core.hooked import HookAnswer, HookResult
from sidecar.engine.engine import OverloadError
from sidecar.hooking import process
from sidecar.hooking.process import WorkerLostError, WorkerProcess
from sidecar.hooking.saying import failed
from sidecar.hooking.views import Question
from sidecar.hooking.wire import plain_question
from sidecar.observe.pool_series import Failure
from sidecar.verify.pool.told import NOBODY, Told

#: Checks that may wait for each process.
WAITING = 16
#: Seconds that a check waits for a free process, if it has no deadline of its own before: one that was ended is back in
#: less than one of them.
FREE_SECONDS = 5.0
#: Seconds that a process gets to import its hooks.
READY_SECONDS = 30.0
#: Seconds until one is started again whose predecessor was never ready; each further time doubles them.
RETRY_SECONDS, LONGEST_RETRY_SECONDS = 0.1, 10.0

_Result = TypeVar("_Result")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A hook to ask. ``digest`` is of its code, ``timeout`` in seconds."""

    call: str
    digest: str
    timeout: float


@dataclass(slots=True)
class _Wanted:
    """Whether a process is at it: then it is let finish, though nobody may wait any more."""

    has_begun: bool = False


class HookPool:
    """``size`` processes; ``orders`` are what each is told at its start (``worker.py``). ``told`` is told of work."""

    def __init__(self, size: int, orders: Mapping[str, object], told: Told = NOBODY) -> None:
        self._size = size
        self._orders = orders
        self._told = told
        self._free: asyncio.Queue[WorkerProcess] = asyncio.Queue()
        self._all: set[WorkerProcess] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._waiting = 0
        self._working = 0
        self._is_open = False

    @property
    def pids(self) -> frozenset[int]:
        """Return the process ids of those that run."""
        return frozenset(one.pid for one in self._all)

    @property
    def processes(self) -> int:
        """Return how many are ready, those at work among them."""
        return self._free.qsize() + self._working

    @property
    def waiting(self) -> int:
        """Return how many checks wait for a free one."""
        return max(0, self._waiting - self._working)

    async def open(self) -> None:
        """Start them, if they are not, and wait until they are ready, though not for long."""
        if not self._is_open:
            self._is_open = True
            started = [self._begin(self._start()) for _ in range(self._size)]
            await asyncio.wait(started, timeout=READY_SECONDS)

    async def close(self) -> None:
        """End them."""
        self._is_open = False
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(one.end() for one in self._all), return_exceptions=True)
        self._all.clear()

    async def ask(self, job: Job, asked: Question) -> HookAnswer:
        """Have a hook asked; raises ``OverloadError`` where too many wait, or nobody was free in time."""
        if self._waiting >= WAITING * self._size:
            self._told.failed(Failure.FULL)
            raise OverloadError
        # A task of its own: a check that its caller gives up must not cost a process that is about to be free.
        wanted = _Wanted()
        task = self._begin(self._ask(job, asked, wanted))
        self._waiting += 1
        task.add_done_callback(self._answered)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not wanted.has_begun:
                task.cancel()
            raise

    def _answered(self, task: "asyncio.Task[HookAnswer]") -> None:
        self._waiting -= 1
        if not task.cancelled():
            task.exception()  # looked at: the check that wanted it may be over

    async def _ask(self, job: Job, asked: Question, wanted: "_Wanted") -> HookAnswer:
        message = {"call": job.call, "digest": job.digest, **plain_question(asked)}
        # A process may be killed by somebody: no check is lost for that. One that kills two is the hook's doing.
        answer = await self._answer(job, message, wanted) or await self._answer(job, message, wanted)
        return answer or failed(job.call, "it ended the process it was asked in, twice")

    async def _answer(self, job: Job, message: Mapping[str, object], wanted: "_Wanted") -> HookAnswer | None:
        """Return the answer, that there was none in time, or ``None`` where the process has ended."""
        asked_at = time.monotonic()
        try:
            async with asyncio.timeout(FREE_SECONDS):
                worker = await self._free.get()
        except TimeoutError:
            self._told.failed(Failure.FULL)
            raise OverloadError from None
        wanted.has_begun = True
        began = time.monotonic()
        self._told.waited(began - asked_at)
        self._working += 1
        try:
            return await self._asked(worker, job, message)
        finally:
            self._working -= 1
            self._told.worked(1, time.monotonic() - began)

    async def _asked(self, worker: WorkerProcess, job: Job, message: Mapping[str, object]) -> HookAnswer | None:
        try:
            async with asyncio.timeout(job.timeout):
                answer = await worker.ask(message)
        except TimeoutError:
            self._replace(worker)
            self._told.failed(Failure.LATE)
            return failed(job.call, f"no answer after {job.timeout:g} seconds", HookResult.TIMEOUT)
        except WorkerLostError:
            self._replace(worker)
            self._told.failed(Failure.LOST)
            return None
        except BaseException:
            # Cancelled, or a fault of ours: whatever it is, there are as many processes afterwards.
            self._replace(worker)
            raise
        self._free.put_nowait(worker)
        self._told.done()
        return answer

    def _replace(self, worker: WorkerProcess) -> None:
        if self._is_open:
            self._begin(self._replaced(worker))

    async def _replaced(self, worker: WorkerProcess) -> None:
        await worker.end()
        self._all.discard(worker)
        await self._start()

    async def _start(self) -> None:
        pause = RETRY_SECONDS
        while True:
            try:
                worker = await process.start()
            except OSError as error:
                _log.error("no process for hooks: %s", error)
            else:
                self._all.add(worker)
                if await self._is_ready(worker):
                    self._free.put_nowait(worker)
                    return
                await worker.end()
                self._all.discard(worker)
                _log.error("a process for hooks was not ready after %g s, or ended before", READY_SECONDS)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_RETRY_SECONDS)

    async def _is_ready(self, worker: WorkerProcess) -> bool:
        try:
            async with asyncio.timeout(READY_SECONDS):
                await worker.ready(self._orders)
        except (TimeoutError, WorkerLostError):
            return False
        return True

    def _begin(self, work: Coroutine[Any, Any, _Result]) -> "asyncio.Task[_Result]":
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
