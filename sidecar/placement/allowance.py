"""What the machine leaves to this process and its children: read here alone, and the same for whoever asks.

```
sched_getaffinity(2) ───────────────────────────────┐
/proc/self/status     Mems_allowed_list             ├─> Allowance: CPUs, quota, nodes of memory, memory
/proc/self/cgroup, cpuset.cpus.effective, cpu.max …─┘
```

It changes while processes run: Kubernetes' CPU Manager gives a container other CPUs, an in-place resize another quota
or memory limit, and ``docker update`` all of them. The kernel applies a changed cpuset to the mask of every process in
it (Documentation/admin-guide/cgroup-v2.rst, "Cpuset Interface Files"), so that the affinity of one that is not pinned
is what may be used. Ask from such a one: a pinned server knows its own CPU alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sidecar.placement.apply import allowed_cpus
from sidecar.placement.cgroup import CgroupError, cpu_quota, cpuset, memory_limit
from sidecar.placement.cpulist import CpuListError, parse_cpulist

_Limit = TypeVar("_Limit")


@dataclass(frozen=True, slots=True)
class Trees:
    """Where the kernel tells it; tests have trees of their own."""

    cgroups: Path = Path("/sys/fs/cgroup")
    process: Path = Path("/proc/self")
    sys: Path = Path("/sys")

    @property
    def membership(self) -> str:
        """Return the text of ``/proc/self/cgroup``; empty where there is no Linux, or no /proc."""
        return _text(self.process / "cgroup")


#: This machine's.
HERE = Trees()


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may be used. ``None``: there is no limit, or nothing tells."""

    cpus: frozenset[int]  #: by number; at least one
    quota: float | None = None  #: CPU time, in CPUs: 0.5 is half a second each second
    memory_limit: int | None = None  #: bytes, of the smallest group
    memory_nodes: frozenset[int] | None = None  #: NUMA nodes that memory may come from
    cpuset: frozenset[int] | None = None  #: the group's CPUs; ``cpus`` are fewer where somebody narrowed the affinity

    @property
    def usable(self) -> float:
        """Return how much CPU time may be used, in CPUs."""
        return float(len(self.cpus)) if self.quota is None else min(float(len(self.cpus)), self.quota)


def read_allowance(
    trees: Trees = HERE, *, affinity: Callable[[], frozenset[int]] = allowed_cpus, warn: Callable[[str], object] = str
) -> Allowance:
    """Read it. What cannot be read or understood limits nothing, and ``warn`` is told of what was not understood."""
    return Allowance(
        cpus=affinity(),
        quota=_limit(cpu_quota, trees, "no CPU quota is assumed", warn),
        memory_limit=_limit(memory_limit, trees, "no memory limit is assumed", warn),
        memory_nodes=_memory_nodes(trees.process / "status"),
        cpuset=_limit(cpuset, trees, "no cpuset is assumed", warn),
    )


def _limit(
    read: Callable[[Path, str], _Limit | None], trees: Trees, what: str, warn: Callable[[str], object]
) -> _Limit | None:
    try:
        return read(trees.cgroups, trees.membership)
    except CgroupError as error:
        warn(f"{what}: {error}")
        return None


def _memory_nodes(status: Path) -> frozenset[int] | None:
    for line in _text(status).splitlines():
        name, _, nodes = line.partition(":")
        if name == "Mems_allowed_list":
            try:
                return parse_cpulist(nodes) or None
            except CpuListError:
                return None
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
