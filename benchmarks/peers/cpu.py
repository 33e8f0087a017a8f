"""What processes have used: processor time from the scheduler's own accounts, and memory. Linux."""

from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")


def tree(pid: int, proc: Path = PROC) -> list[int]:
    """Return a process and all that descend from it, those that are gone left out."""
    children: list[int] = []
    for task in _tasks(pid, proc):
        children += map(int, _read(task / "children").split())
    return [pid, *(member for child in children for member in tree(child, proc))]


def nanoseconds(pids: Iterable[int], proc: Path = PROC) -> int:
    """Return the time that all threads of the processes have run, in nanoseconds (schedstat's first number).

    A process's own schedstat is its main thread's alone. Threads that have ended are in neither: the servers here keep
    theirs.
    """
    return sum(_run_time(_read(task / "schedstat")) for pid in pids for task in _tasks(pid, proc))


def pss(pids: Iterable[int], proc: Path = PROC) -> int:
    """Return proportional set sizes added up, in KiB: a page that several processes map counts once."""
    return sum(_field(_read(proc / str(pid) / "smaps_rollup"), "Pss") for pid in pids)


def rss(pid: int, proc: Path = PROC) -> int:
    """Return the resident set of one process, in KiB."""
    return _field(_read(proc / str(pid) / "smaps_rollup"), "Rss")


def name(pid: int, proc: Path = PROC) -> str:
    """Return a process's name."""
    return _read(proc / str(pid) / "comm").strip()


def _run_time(text: str) -> int:
    return int(text.split(maxsplit=1)[0]) if text else 0


def _field(text: str, wanted: str) -> int:
    for line in text.splitlines():
        key, _, rest = line.partition(":")
        if key == wanted:
            return int(rest.split()[0])
    return 0


def _tasks(pid: int, proc: Path) -> list[Path]:
    try:
        return sorted((proc / str(pid) / "task").iterdir())
    except OSError:
        return []


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError:  # a thread or process that has just ended
        return ""
