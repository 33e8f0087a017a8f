"""An async function, asked in the server's loop under a time-out."""

import asyncio

from sidecar.core.hooked import HookAnswer, HookResult
from sidecar.engine.engine import OverloadError
from sidecar.hooking.calling import Caller
from sidecar.hooking.saying import failed
from sidecar.hooking.views import Question


class Waiting:
    """``timeout`` is in seconds, ``max_in_flight`` how many calls there may be at once.

    A function that does not end when it is cancelled keeps its place among them: that bounds how many there can be.
    """

    def __init__(self, call: str, caller: Caller, timeout: float, max_in_flight: int) -> None:
        self._call = call
        self._caller = caller
        self._timeout = timeout
        self._max_in_flight = max_in_flight
        self._tasks: set[asyncio.Task[HookAnswer]] = set()

    async def ask(self, asked: Question) -> HookAnswer:
        """Ask it; raises ``OverloadError`` where too many calls are under way."""
        if len(self._tasks) >= self._max_in_flight:
            raise OverloadError
        task = asyncio.get_running_loop().create_task(self._caller.ask_async(asked))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            # Not wait_for(): that would wait on for a function that takes no notice of being cancelled.
            await asyncio.wait({task}, timeout=self._timeout)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if not task.done():
            task.cancel()
            return failed(self._call, f"no answer after {self._timeout:g} seconds", HookResult.TIMEOUT)
        return failed(self._call, "it cancelled itself") if task.cancelled() else task.result()

    async def close(self) -> None:
        """Cancel what is under way. Who takes no notice is not waited for."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=0.1)
