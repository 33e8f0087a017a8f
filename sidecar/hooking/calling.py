"""Calling a hook's function: whatever it does, an answer comes of it."""

import asyncio
import inspect
import logging
import os
import time
from collections.abc import Awaitable, Callable
from typing import cast

from sidecar.core.hooked import ENDS, HookAnswer
from sidecar.hooking.finding import Found
from sidecar.hooking.saying import Limits, WrongAnswerError, failed, joined, said
from sidecar.hooking.views import Question, identity_view, looked_at_path, request_view
from sidecar.hooks.headers import UndeclaredError, UnreadableError
from sidecar.hooks.identity import Identity
from sidecar.hooks.request import Request

#: Seconds between two lines in the log about failures of one hook.
_QUIET_SECONDS = 10.0
#: Errors whose texts have nothing of any request but names of headers that the hook itself has given.
_TOLD = (WrongAnswerError, UndeclaredError, UnreadableError)

_log = logging.getLogger(__name__)


class Caller:
    """One hook's function. Raises nothing but the ``CancelledError`` of a task that is cancelled from outside."""

    def __init__(self, found: Found, limits: Limits) -> None:
        self._found = found
        self._limits = limits
        self._silent_until = 0.0

    def ask(self, asked: Question) -> HookAnswer:
        """Ask a plain function, about each reading of the path that it looks at."""
        answers = []
        for path in asked.paths:
            request = request_view(asked, path, self._found.declared.reads_headers)
            answers.append(self._called(request, identity_view(asked)))
            if _is_enough(answers[-1], request):
                break
        return joined(answers)

    async def ask_async(self, asked: Question) -> HookAnswer:
        """Do the same with an async one."""
        answers = []
        for path in asked.paths:
            request = request_view(asked, path, self._found.declared.reads_headers)
            answers.append(await self._awaited(request, identity_view(asked)))
            if _is_enough(answers[-1], request):
                break
        return joined(answers)

    def _called(self, request: Request, identity: Identity | None) -> HookAnswer:
        here = os.getpid()
        try:
            returned = self._found.function(request, identity)
            _end_a_fork(here)
            if inspect.iscoroutine(returned):
                returned.close()
            return said(self._found.call, returned, self._limits)
        except BaseException as error:  # noqa: BLE001 - SystemExit too: no rule ends the server, nor lets anybody in
            _end_a_fork(here)
            return self._failed(error)

    async def _awaited(self, request: Request, identity: Identity | None) -> HookAnswer:
        here = os.getpid()
        try:
            returned = await cast("Callable[..., Awaitable[object]]", self._found.function)(request, identity)
            _end_a_fork(here)
            return said(self._found.call, returned, self._limits)
        except asyncio.CancelledError as error:
            _end_a_fork(here)
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            return self._failed(error)
        except BaseException as error:  # noqa: BLE001 - as above
            _end_a_fork(here)
            return self._failed(error)

    def _failed(self, error: BaseException) -> HookAnswer:
        # Its text may hold what the request holds, secrets included: it is told at the level "debug" alone.
        told = str(error) if isinstance(error, _TOLD) else type(error).__name__
        text = told + _place(error, self._found.file)
        now = time.monotonic()
        if now >= self._silent_until:
            self._silent_until = now + _QUIET_SECONDS
            _log.error("hook %s failed, denied: %s", self._found.call, text)
        _log.debug("hook %s failed", self._found.call, exc_info=error)
        return failed(self._found.call, text)


def _is_enough(answer: HookAnswer, request: Request) -> bool:
    return answer.result in ENDS or not looked_at_path(request)


def _end_a_fork(parent: int) -> None:
    """End a copy of this process that a hook made and came back in: it would answer checks in our place."""
    if os.getpid() != parent:
        os._exit(1)


def _place(error: BaseException, file: str) -> str:
    """Return where in the hook's own file it came from; empty where it did not."""
    found, trace = "", error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            found = f" at {file}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found
