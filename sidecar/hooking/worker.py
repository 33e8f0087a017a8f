"""A process that asks hooks for one server: ``python -m sidecar.hooking.worker``; questions in, answers out.

It ends when its server does: it reads to the end of its input, in a thread, and a signal of the kernel's sees to it
where a hook holds on to the interpreter.
"""

import ctypes
import logging
import os
import queue
import signal
import sys
import threading
from contextlib import suppress
from typing import Any

from sidecar.core.hooked import HookAnswer
from sidecar.hooking import wire
from sidecar.hooking.calling import Caller
from sidecar.hooking.finding import HookError, find, look_into
from sidecar.hooking.saying import Limits, failed

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NAME = 1, 4, 15  # prctl(2)
#: What is said when the hooks are imported.
READY = "ready"


def main() -> None:
    """Answer until the input ends."""
    questions, answers = os.dup(0), os.dup(1)
    # What hooks print goes to the error output, and what they read is empty.
    os.dup2(2, 1)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - no path of anybody's
        os.dup2(nothing.fileno(), 0)
    orders = wire.read(_receiver(questions))
    assert isinstance(orders, dict)  # noqa: S101 - our server's
    _settle(orders)
    hooks = _Hooks(orders)
    jobs: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(questions, jobs), daemon=True).start()
    _write(answers, READY)
    while True:
        job = jobs.get()
        _write(answers, wire.plain_answer(hooks.ask(job)))


class _Hooks:
    def __init__(self, orders: dict[str, Any]) -> None:
        self._header_bytes = orders["max_header_bytes"]
        self._callers: dict[str, Caller | str] = {}
        look_into(orders["folder"])
        for call, digest in orders["hooks"]:
            self._callers[call] = self._caller(call, digest)

    def ask(self, job: dict[str, Any]) -> HookAnswer:
        call = job["call"]
        if call not in self._callers:
            self._callers[call] = self._caller(call, job["digest"])
        caller = self._callers[call]
        return failed(call, caller) if isinstance(caller, str) else caller.ask(wire.question_of(job))

    def _caller(self, call: str, digest: str) -> Caller | str:
        try:
            found = find(call)
        except HookError as error:
            return str(error)
        # INVARIANT: nobody is asked but whoever the Trust's digest names.
        if found.digest.hex() != digest:
            return f"{found.file} has changed since the sidecar started; restart it"
        return Caller(found, Limits(frozenset(found.declared.sets_headers), self._header_bytes))


def _settle(orders: dict[str, Any]) -> None:
    logging.basicConfig(level=orders["log_level"].upper(), format=orders["log_format"], force=True)
    if sys.platform == "linux":
        prctl = ctypes.CDLL(None).prctl
        # Claims are in our memory: no core dumps, no ptrace by others of the same user.
        prctl(_PR_SET_DUMPABLE, 0)
        prctl(_PR_SET_NAME, b"authz-hooks")
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        # Not pinned beside its server, which answers meanwhile.
        with suppress(OSError):
            os.sched_setaffinity(0, range(os.cpu_count() or 1))
    if os.getppid() != orders["server"]:
        os._exit(0)


def _read(descriptor: int, jobs: "queue.SimpleQueue[dict[str, Any]]") -> None:
    receive = _receiver(descriptor)
    while True:
        job = wire.read(receive)
        assert isinstance(job, dict)  # noqa: S101 - our server's
        jobs.put(job)


def _receiver(descriptor: int) -> "Any":  # noqa: ANN401 - a function of bytes
    def receive(count: int) -> bytes:
        parts = b""
        while len(parts) < count:
            part = os.read(descriptor, count - len(parts))
            if not part:
                os._exit(0)
            parts += part
        return parts

    return receive


def _write(descriptor: int, message: object) -> None:
    data = wire.packed(message)
    while data:
        data = data[os.write(descriptor, data) :]


if __name__ == "__main__":
    main()
