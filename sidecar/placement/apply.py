"""Pinning the calling process, and which CPUs it may use: the one place that asks the operating system.

NUMA needs nothing more. By default Linux takes a page from the node of the CPU that touches it first
(Documentation/admin-guide/mm/numa_memory_policy.rst), and ``mbind`` and ``set_mempolicy`` are refused in pods without
CAP_SYS_NICE. So memory is local when three things hold.

INVARIANT: a child pins itself before anything else: before it imports what is large, opens its rings or starts a thread
(the mask is the calling thread's, and only threads that it starts afterwards inherit it: sched_setaffinity(2)).
INVARIANT: whoever a structure in shared memory is near to touches it first. A segment of memfd is empty until then; one
that the supervisor clears is on the supervisor's node.
Under ``fork`` the parent's pages stay on the parent's node until they are written to; a reference count is a write.
"""

import os
from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path

#: What to say where ``pin`` returns false.
NO_AFFINITY = "this operating system has no CPU affinity (macOS): processes run where it puts them"


class PinError(RuntimeError):
    """The CPUs cannot be had; the mask is as it was. The message says what was wanted, and what there is."""


def allowed_cpus() -> frozenset[int]:
    """Return the CPUs that the calling thread may use; where there is no affinity all those of the machine."""
    get_affinity = getattr(os, "sched_getaffinity", None)
    return frozenset(range(machine_cpus()) if get_affinity is None else get_affinity(0))


def machine_cpus() -> int:
    """Return how many CPUs the machine has, whoever may use them."""
    return os.cpu_count() or 1


def pin(cpus: AbstractSet[int]) -> bool:
    """Let the calling process run on ``cpus`` alone; false where the system has no affinity (``NO_AFFINITY``).

    All of them or none: the kernel silently drops those that the cpuset does not have, so the mask is read again, and
    put back where it is another. Raises ``PinError``. Call it before the first thread is started.
    """
    set_affinity = getattr(os, "sched_setaffinity", None)
    if set_affinity is None:
        return False
    before = allowed_cpus()
    try:
        set_affinity(0, cpus)
    except (OSError, ValueError, OverflowError) as error:
        raise PinError(f"cannot pin to CPUs {sorted(cpus)}: {error}; {sorted(before)} are allowed") from None
    after = allowed_cpus()
    if after != cpus:
        set_affinity(0, before)
        raise PinError(f"cannot pin to CPUs {sorted(cpus)}: the kernel gives {sorted(after)} of them alone")
    return True


def cpus_of(pid: int) -> frozenset[int] | None:
    """Return the CPUs of another process's first thread; ``None`` where there is no such process, or no affinity."""
    get_affinity = getattr(os, "sched_getaffinity", None)
    if get_affinity is None:
        return None
    try:
        return frozenset(get_affinity(pid))
    except ProcessLookupError:
        return None


def move(pid: int, cpus: AbstractSet[int]) -> None:
    """Let another process of our user run on ``cpus`` alone, with all of its threads. One that has ended is let be.

    Threads that it starts meanwhile have the mask of who starts them: those are looked for again until there are no new
    ones. Raises ``PinError`` where the CPUs cannot be had.
    """
    moved: set[int] = set()
    while new := _threads(pid) - moved:
        for thread in new:
            try:
                with suppress(ProcessLookupError):
                    os.sched_setaffinity(thread, cpus)
            except (OSError, ValueError, OverflowError) as error:
                raise PinError(f"cannot move process {pid} to CPUs {sorted(cpus)}: {error}") from None
        moved |= new
    found = cpus_of(pid)
    if found is not None and found != cpus:
        raise PinError(f"cannot move process {pid} to CPUs {sorted(cpus)}: the kernel gives {sorted(found)} of them")


def _threads(pid: int) -> set[int]:
    try:
        return {int(one.name) for one in Path(f"/proc/{pid}/task").iterdir()}
    except OSError:
        return set()
