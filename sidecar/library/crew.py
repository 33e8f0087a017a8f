"""The verifiers: processes of their own, which check signatures for this one, and are started again where they end.

They are started as programs, not by multiprocessing: that would import the caller's main module once more in each, and
under fork they would have whatever the caller has open. Where none can be started, all is verified in this process.
"""

import asyncio
import json
import logging
import multiprocessing.spawn
import os
import random
import subprocess
import sys
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import suppress

from sidecar.memory.scoreboard import Scoreboard, Supervised
from sidecar.runtime.ipc.fleet import Fleet, Member, Role
from sidecar.runtime.ipc.shared import Shared
from sidecar.runtime.supervision.backoff import Backoff

#: Seconds between two looks at the processes, and those that one gets to end by itself.
LOOK_SECONDS, END_SECONDS = 0.25, 2.0
#: Isolated: neither the working directory nor PYTHON… variables say what is imported; the caller's own path does.
_PROGRAM = (
    "import json, sys; order = json.loads(sys.stdin.buffer.readline()); sys.path[:] = order['path']; "
    "from sidecar.library.verifier import run; run(order)"
)

_log = logging.getLogger(__name__)
_crews: "weakref.WeakSet[Crew]" = weakref.WeakSet()


class Crew:
    """The verifiers of ``fleet``. ``board`` is told of them as by a supervisor."""

    def __init__(self, fleet: Fleet, shared: Shared, board: Scoreboard, log_level: str) -> None:
        self._members = fleet.of(Role.VERIFIER)
        self._board = board
        self._lives = {member: _Life() for member in self._members}
        self._fds, self._order = _order(fleet, shared, log_level)
        #: Set before any is ended, by whichever thread: that one has ended then is nothing to tell of.
        self._stopping = False
        _crews.add(self)

    @property
    def pids(self) -> Sequence[int]:
        """Return the process ids of those that run."""
        return [life.process.pid for life in self._lives.values() if life.process is not None]

    def start(self) -> None:
        """Start them; takes some milliseconds each."""
        for member, life in self._lives.items():
            self._start(member, life)

    async def follow(self) -> None:
        """Start again whatever ends, sooner or later, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for member, life in self._lives.items():
                self._look(member, life)

    def stop(self) -> None:
        """End them all; waits for that."""
        self._stopping = True
        running = [life.process for life in self._lives.values() if life.process is not None]
        for process in running:
            _close(process)
        until = time.monotonic() + END_SECONDS
        for process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, until - time.monotonic()))
                continue
            process.kill()
            process.wait()
        for life in self._lives.values():
            life.process = None

    def leave(self) -> None:
        """Let go of them, after a fork, in the child: they are the parent's, and must end when that does."""
        for life in self._lives.values():
            if life.process is not None:
                _close(life.process)

    def _look(self, member: Member, life: "_Life") -> None:
        process, now = life.process, time.monotonic()
        if process is None:
            if now >= life.start_at and not self._stopping:
                self._start(member, life)
            return
        code = process.poll()
        if self._stopping:
            return
        if code is None:
            life.backoff = life.backoff.recovered(now - life.started_at)
            return
        _close(process)
        _log.warning("%s ended (%d) and is started again; meanwhile signatures are checked here", member.name, code)
        self._ended(member, life, code)

    def _start(self, member: Member, life: "_Life") -> None:
        life.started_at = time.monotonic()
        life.incarnation += 1
        try:
            life.process = self._launched(member, life.incarnation)
        except OSError as error:
            _log.warning("%s cannot be started, and signatures are checked here: %s", member.name, error)
            self._ended(member, life, None)
            return
        self._tell(member, life, None)

    def _launched(self, member: Member, incarnation: int) -> "subprocess.Popen[bytes]":
        program = multiprocessing.spawn.get_executable()
        if not program or getattr(sys, "frozen", False):
            raise OSError(
                "there is no Python interpreter to start them with (multiprocessing.set_executable names one)"
            )
        process = subprocess.Popen(  # noqa: S603 - our own interpreter
            [program, "-I", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=self._fds,
            bufsize=0,
        )
        assert process.stdin is not None  # noqa: S101 - for mypy
        order = {**self._order, "index": member.index, "incarnation": incarnation, "path": list(_path())}
        try:
            process.stdin.write(json.dumps(order).encode() + b"\n")
        except OSError:
            process.kill()
            process.wait()
            _close(process)
            raise
        return process

    def _ended(self, member: Member, life: "_Life", code: int | None) -> None:
        now = time.monotonic()
        life.process, life.backoff = None, life.backoff.ended(now - life.started_at)
        life.start_at = now + life.backoff.delay(random.random())  # noqa: S311 - no secret
        self._tell(member, life, code)

    def _tell(self, member: Member, life: "_Life", code: int | None) -> None:
        pid = None if life.process is None else life.process.pid
        planned = None if pid is not None else life.start_at
        loop = life.backoff.is_loop
        told = Supervised(pid, life.incarnation, life.incarnation - 1, loop, life.started_at, planned, code)
        self._board.write_supervised(member.index, told)


class _Life:
    """What is known of one verifier."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.backoff = Backoff()
        self.incarnation = 0
        self.started_at = 0.0
        self.start_at = 0.0


def _order(fleet: Fleet, shared: Shared, log_level: str) -> tuple[tuple[int, ...], dict[str, object]]:
    """Return the descriptors to hand over, and what is said of them: over a pipe, since the seed is a secret."""
    if shared.rings is None:
        return (), {}
    rings, board = shared.rings.fd, shared.board.fd
    wake_ups = {name: (one.reader.fd, one.writer.fd) for name, one in shared.wake_ups.items()}
    order = {
        "members": [(member.index, member.role.value, member.number) for member in fleet.members],
        "jwt_verifiers": fleet.jwt_verifiers,
        "rings": rings,
        "board": board,
        "wake_ups": wake_ups,
        "seed": shared.seed,
        "log_level": log_level,
    }
    return tuple({rings, board, *(fd for pair in wake_ups.values() for fd in pair)}), order


def _path() -> Iterator[str]:
    return (entry or os.getcwd() for entry in sys.path)  # noqa: PTH109 - a string is wanted


def _close(process: "subprocess.Popen[bytes]") -> None:
    """Close our end of the pipe: the verifier reads it, and ends when it does."""
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()


def _after_fork() -> None:
    for crew in list(_crews):
        crew.leave()


os.register_at_fork(after_in_child=_after_fork)
