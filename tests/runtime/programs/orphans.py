"""Adopts, as PID 1 would, a process of another session, and fails where it is not the only one that is reaped.

A child of multiprocessing ended too: how it did must not be lost.
"""

import ctypes
import multiprocessing
import os
import subprocess
import sys

from sidecar.runtime.supervision.orphans import reap_orphans

_PR_SET_CHILD_SUBREAPER = 36  # prctl(2)
#: Starts a process that ends by itself, prints its process id, and is gone before it is waited for.
_STRANGER = "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', '']).pid)"


def _wait(pid: int) -> None:
    """Wait until it has ended, and leave its entry in the process table."""
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def _main() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    ours = multiprocessing.get_context("fork").Process(target=sys.exit, args=(7,))
    ours.start()
    command = [sys.executable, "-c", _STRANGER]
    printed = subprocess.run(command, check=True, capture_output=True, start_new_session=True).stdout  # noqa: S603 - ours
    orphan = int(printed)
    assert ours.pid is not None
    for pid in (ours.pid, orphan):
        _wait(pid)
    assert reap_orphans([orphan]) == []
    assert reap_orphans([]) == [orphan]
    assert reap_orphans([]) == []
    assert ours.exitcode == 7


_main()
