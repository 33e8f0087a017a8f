"""One process that asks hooks, as its server sees it."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from contextlib import suppress

from sidecar.core.hooked import HookAnswer
from sidecar.hooking import wire
from sidecar.hooking.worker import READY


class WorkerLostError(Exception):
    """The process has ended, or says what makes no sense."""


class WorkerProcess:
    """Made by ``start``. Answers one question at a time."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """Return its process id."""
        return self._process.pid

    async def ready(self, orders: Mapping[str, object]) -> None:
        """Give it its orders, and wait until hooks are imported; raises ``WorkerLostError``."""
        if await self._exchanged({**orders, "server": os.getpid()}) != READY:
            raise WorkerLostError("it was not ready, and said something")

    async def ask(self, question: Mapping[str, object]) -> HookAnswer:
        """Ask; raises ``WorkerLostError``. Who does not wait for the end of it kills the process."""
        try:
            return wire.answer_of(await self._exchanged(question))
        except wire.WireError as error:
            raise WorkerLostError(str(error)) from None

    async def _exchanged(self, message: object) -> object:
        reader, writer = self._process.stdout, self._process.stdin
        assert reader is not None and writer is not None  # noqa: PT018, S101 - both are pipes
        try:
            writer.write(wire.packed(message))
            await writer.drain()
            head = await reader.readexactly(wire.LENGTH.size)
            return wire.unpacked(await reader.readexactly(wire.length_of(head)))
        except (OSError, EOFError, RuntimeError, wire.WireError) as error:  # uvloop's, where the pipe is closed
            raise WorkerLostError(type(error).__name__) from None

    async def end(self) -> None:
        """Kill it, and wait until it has ended."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
        await self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()


async def start() -> WorkerProcess:
    """Start one; raises ``OSError``."""
    # -P: no module of the folder that somebody happens to be in.
    command = [sys.executable, "-P", "-m", "sidecar.hooking.worker"]
    return WorkerProcess(await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE))
