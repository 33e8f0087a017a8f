"""What Linux says of processes in proc(5). Elsewhere, and of a process that is gone or hidden: nothing."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

_Found = TypeVar("_Found")

_PROC: Final = Path("/proc")
#: Places of user and system time among what follows a process's name in ``stat``.
_USER, _SYSTEM = 11, 12
#: Places of idle time and of waiting for a disk among the processors' times; and how many of those there are before
#: those of guests, which are in the others already.
_IDLE, _WAITING, _TIMES = 3, 4, 8


@dataclass(frozen=True, slots=True)
class ProcessorTimes:
    """Of all processors together since the machine began, in ticks."""

    busy: int
    total: int


def resident_bytes(pid: int) -> int | None:
    """Return a process's resident set size."""
    return _read(f"{pid}/statm", lambda text: int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE"))


def proportional_bytes(pid: int | str = "self") -> int | None:
    """Return a process's proportional set size: each page divided by how many share it.

    Takes milliseconds, as the kernel looks at every page. Of another process it takes the right to trace it.
    """
    return _read(f"{pid}/smaps_rollup", _proportional)


def _proportional(text: str) -> int:
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) * 1024


def cpu_seconds(pid: int) -> float | None:
    """Return the CPU time that a process took."""
    return _read(f"{pid}/stat", _cpu_seconds)


def _cpu_seconds(text: str) -> float:
    # A name may have spaces and parentheses in it.
    fields = text.rpartition(")")[2].split()
    return (int(fields[_USER]) + int(fields[_SYSTEM])) * tick_seconds()


def tick_seconds() -> float:
    """Return how long a tick is."""
    return 1.0 / os.sysconf("SC_CLK_TCK")


def processor_times() -> ProcessorTimes | None:
    """Return what the machine's processors did."""
    return _read("stat", _processor_times)


def _processor_times(text: str) -> ProcessorTimes:
    times = [int(one) for one in text.partition("\n")[0].split()[1 : 1 + _TIMES]]
    total = sum(times)
    return ProcessorTimes(total - times[_IDLE] - times[_WAITING], total)


def _read(name: str, read: Callable[[str], _Found]) -> _Found | None:
    try:
        return read((_PROC / name).read_text(encoding="ascii", errors="replace"))
    except (OSError, ValueError, IndexError, StopIteration):
        return None
