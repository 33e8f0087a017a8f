"""Processes that nobody waits for and that became ours: PID 1 inherits whatever is orphaned in its container.

``kubectl exec`` leaves such ones behind. Unless they are waited for, their entries in the process table stay.
"""

import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

_TASKS = Path("/proc/self/task")


def reap_orphans(ours: Collection[int]) -> list[int]:
    """Wait for those that have ended, and return their process ids. Never waits for one of ``ours`` or of its session.

    INVARIANT: how a child of ours ended is for multiprocessing to learn, its fork server and resource tracker included,
    and whoever is waited for here it learns nothing of any more. All of them are in our session. What a container's
    runtime starts beside us is in another one (runc and crun call ``setsid``).
    """
    session = os.getsid(0)
    return [pid for pid in _children() if pid not in ours and _is_foreign(pid, session) and _has_ended(pid)]


def _children() -> Iterator[int]:
    for task in _TASKS.glob("*/children"):
        with suppress(OSError):
            yield from map(int, task.read_text(encoding="ascii").split())


def _is_foreign(pid: int, session: int) -> bool:
    with suppress(OSError):
        return os.getsid(pid) != session
    return False


def _has_ended(pid: int) -> bool:
    with suppress(ChildProcessError):
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    return False
