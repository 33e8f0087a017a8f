"""The event loop that an authenticator lives in: that in which it was opened, or one in a thread of its own."""

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import uvloop

from sidecar.library.errors import ClosedError, WrongLoopError

_T = TypeVar("_T")
#: Seconds between two looks whether the loop that is waited for runs still.
_LOOK_SECONDS = 1.0


class GoneError(Exception):
    """The home loop ended, or ended what was asked, before there was an answer."""


class Home:
    """``loop`` runs already. With ``thread`` it is ours, and any loop may ask."""

    def __init__(self, loop: asyncio.AbstractEventLoop, thread: threading.Thread | None = None) -> None:
        self.loop = loop
        self._thread = thread

    @property
    def is_ours(self) -> bool:
        """Say whether the loop is in a thread of its own."""
        return self._thread is not None

    @property
    def is_running(self) -> bool:
        """Say whether the loop runs. Where it does not, nobody looks after keys and denylist."""
        return self.loop.is_running()

    def require_here(self) -> None:
        """Raise ``WrongLoopError`` where another loop runs than may ask."""
        if not self.is_ours and _running_loop() is not self.loop:
            raise WrongLoopError(
                "opened in another event loop: open one in each loop, or open it with 'with' or open(), for all loops"
            )

    async def ask(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Have ``work`` done, and wait in the loop that runs here.

        Raises ``WrongLoopError`` where that is another one and the home is not ours, and ``GoneError``.
        """
        try:
            self.require_here()
        except WrongLoopError:
            work.close()
            raise
        if asyncio.get_running_loop() is self.loop:
            return await work
        try:
            return await asyncio.wrap_future(self._handed_over(work))
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise GoneError from None

    def wait(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Have ``work`` done, and block this thread until it is; raises ``WrongLoopError`` and ``GoneError``."""
        if _running_loop() is self.loop:
            work.close()
            raise WrongLoopError("this would wait for the loop that it keeps from running: await the other variant")
        future = self._handed_over(work)
        try:
            while True:
                with suppress(concurrent.futures.TimeoutError):
                    return future.result(_LOOK_SECONDS)
                if future.done():
                    return future.result()  # it raised that itself
                if not self.loop.is_running():
                    raise GoneError
        except concurrent.futures.CancelledError:
            raise GoneError from None
        finally:
            future.cancel()  # whoever interrupts us waits no longer

    def call(self, what: Callable[[], _T]) -> _T:
        """Return what ``what`` does, called in the home loop; raises ``GoneError``."""
        return what() if _running_loop() is self.loop else self.wait(_called(what))

    def close(self) -> None:
        """End the loop, where it is ours."""
        if self._thread is not None:
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join()

    def _handed_over(self, work: Coroutine[Any, Any, _T]) -> "concurrent.futures.Future[_T]":
        try:
            return asyncio.run_coroutine_threadsafe(work, self.loop)
        except RuntimeError:
            work.close()
            raise ClosedError("its event loop is closed") from None


async def _called(what: Callable[[], _T]) -> _T:
    return what()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def own_home() -> Home:
    """Start a loop in a thread of its own, which does not keep the program from ending."""
    loop = uvloop.new_event_loop()
    thread = threading.Thread(target=_run, args=(loop,), name="authenticator", daemon=True)
    thread.start()
    return Home(loop, thread)


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        rest = asyncio.all_tasks(loop)
        for task in rest:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*rest, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        with suppress(RuntimeError):  # the program ends, and no thread can be started any more
            loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()
