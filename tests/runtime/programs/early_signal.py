"""Forks a child that is sent SIGTERM before it can say what that means there; fails where this process hears of it."""

import multiprocessing
import os
import signal
import socket
import sys
from types import SimpleNamespace
from unittest import mock

from sidecar.runtime.supervision import launch


def _child(_spec: object) -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    sys.exit(0 if signal.SIGTERM in signal.sigpending() else "it is not held back")


def _main() -> None:
    reader, writer = socket.socketpair()
    for end in (reader, writer):
        end.setblocking(False)  # noqa: FBT003 - positional only
    signal.set_wakeup_fd(writer.fileno())
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    spec = SimpleNamespace(member=SimpleNamespace(name="child"))
    with mock.patch.object(launch, "run_child", _child):
        running = launch.start(multiprocessing.get_context("fork"), spec)  # type: ignore[arg-type]  # all that is used
    running.process.join()
    assert running.process.exitcode == 0
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before, "signals are held back here too"
    try:
        heard = reader.recv(64)
    except BlockingIOError:
        heard = b""
    assert heard == b"", "a signal of the child was heard here"


_main()
