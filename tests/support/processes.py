"""Looking at processes from outside."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path


def descendants(pid: int) -> Iterator[int]:
    """Give the process ids of all that descend from ``pid`` and still run."""
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            children = (task / "children").read_text(encoding="ascii").split()
        except OSError:
            continue
        for child in map(int, children):
            yield child
            yield from descendants(child)


def send_to_all(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process and all that descend from it."""
    for one in (pid, *descendants(pid)):
        os.kill(one, number)


def is_running(pid: int) -> bool:
    """Say whether a process is there, and is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")


def name_of(pid: int) -> str:
    """Return what a process calls itself, of which the kernel keeps 15 bytes; nothing where it is gone."""
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def eventually(is_so: Callable[[], bool], seconds: float = 30.0) -> bool:
    """Wait until something is so; ``False`` where it was not within ``seconds``."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
