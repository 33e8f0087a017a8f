"""Looking at what the machine, or the container, leaves to us."""

import ctypes
import resource
import sys
from collections.abc import Callable
from typing import Final

from sidecar.doctor.snapshot import Given
from sidecar.placement.allowance import HERE, Allowance, Trees, read_allowance
from sidecar.placement.apply import allowed_cpus, machine_cpus
from sidecar.placement.cgroup import CgroupError, Throttling, kills_all, throttling
from sidecar.placement.machine import Topology, flat
from sidecar.placement.memory import memory_of
from sidecar.placement.topology import TopologyError, read_topology

#: struct timex of adjtimex(2) has some 208 bytes; of it 4 are of interest, after modes and four longs.
_TIMEX_BYTES: Final = 512
_UNSYNCHRONISED: Final = 5  # TIME_ERROR


def look(
    warn: Callable[[str], object],
    trees: Trees = HERE,
    *,
    affinity: Callable[[], frozenset[int]] = allowed_cpus,
    cpus: Callable[[], int] = machine_cpus,
) -> tuple[Given, Allowance]:
    """Return what is given, and the allowance in it. ``warn`` is told what the machine would not say."""
    allowance = read_allowance(trees, affinity=affinity, warn=warn)
    topology, stopped = _topology(allowance.cpus, trees, warn), _throttling(trees, warn)
    memory, clock = memory_of(trees.cgroups, trees.membership), clock_synchronised()
    if clock is None:
        warn("whether the clock is synchronised cannot be seen here")
    return Given(
        cpus=allowance.cpus,
        cpuset=allowance.cpuset,
        machine_cpus=cpus(),
        cpu_quota=allowance.quota,
        usable_cpus=allowance.usable,
        cpu_nodes=frozenset(cpu.node for cpu in topology.restricted_to(allowance.cpus).cpus),
        memory_nodes=allowance.memory_nodes,
        half_cores=_half_cores(topology, allowance.cpus),
        throttled_share=None if stopped is None else stopped.share,
        throttled_periods=None if stopped is None else stopped.throttled,
        throttled_seconds=None if stopped is None else stopped.seconds,
        memory_limit_bytes=allowance.memory_limit,
        memory_used_bytes=None if memory is None else memory.used,
        memory_kills_all=_kills_all(trees),
        open_files=_open_files(),
        clock_synchronised=clock,
    ), allowance


def clock_synchronised() -> bool | None:
    """Say whether somebody keeps the clock right, by the kernel's account (adjtimex(2)); ``None``: it cannot be seen.

    A virtual machine whose clock is its host's says no as well.
    """
    adjtimex = getattr(ctypes.CDLL(None), "adjtimex", None) if sys.platform == "linux" else None
    if adjtimex is None:
        return None
    # Zeros are "change nothing", which needs no privilege.
    state = adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    return None if state < 0 else bool(state != _UNSYNCHRONISED)


def _topology(cpus: frozenset[int], trees: Trees, warn: Callable[[str], object]) -> Topology:
    try:
        return read_topology(trees.sys)
    except (OSError, TopologyError) as error:
        warn(f"each CPU is taken for a core of its own, on one node: {error}")
        return flat(cpus)


def _half_cores(topology: Topology, cpus: frozenset[int]) -> frozenset[int]:
    others = {cpu.core for cpu in topology.cpus if cpu.number not in cpus}
    return frozenset(cpu.number for cpu in topology.cpus if cpu.number in cpus and cpu.core in others)


def _throttling(trees: Trees, warn: Callable[[str], object]) -> Throttling | None:
    try:
        return throttling(trees.cgroups, trees.membership)
    except CgroupError as error:
        warn(f"how often the quota was used up is not known: {error}")
        return None


def _kills_all(trees: Trees) -> bool | None:
    try:
        return kills_all(trees.cgroups, trees.membership)
    except CgroupError:
        return None  # of a text that is no /proc/self/cgroup the allowance has told


def _open_files() -> int | None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return None if hard == resource.RLIM_INFINITY else hard
