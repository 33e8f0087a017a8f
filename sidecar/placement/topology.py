"""A machine's CPUs and nodes out of its /sys tree.

```
devices/system/cpu/online                                   0-7
devices/system/cpu/cpuN/topology/physical_package_id        0
                                 core_id                    3
                                 core_cpus_list             3,7     (thread_siblings_list before Linux 5.3)
devices/system/node/nodeN/cpulist                           0-7     (empty: memory alone)
                          distance                          10 21   (one number a node)
```

Sources: Documentation/ABI/stable/sysfs-devices-system-cpu and sysfs-devices-node,
Documentation/admin-guide/cputopology.rst.

What is missing:

* ``online``: every ``cpuN`` folder counts. No CPU at all is an error.
* a CPU's ``topology`` (gVisor has none), or a package or core id of -1: a core of its own, package 0. Without sibling
  lists those with one package and one ``core_id`` are siblings.
* the node folder (kernels without NUMA): one node, 0. A CPU that no node lists is on the first node.
* ``distance``: 10 to itself, 20 to others.

Offline CPUs do not exist for us, wherever they are listed. Text that is no number or list, siblings that disagree, a
CPU on two nodes and a wrong count of distances raise ``TopologyError``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sidecar.placement.machine import LOCAL_DISTANCE, REMOTE_DISTANCE, Cpu, Node, Topology
from sidecar.placement.sysfs import TopologyError, numbered, read_cpulist, read_identifier, read_text

__all__ = ["Cpu", "Node", "Topology", "TopologyError", "read_topology"]

_DISTANCES = re.compile(r"[0-9]{1,9}(?: +[0-9]{1,9})*", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Thread:
    """What the kernel says of one CPU, before any fallback."""

    number: int
    package: int
    core_id: int | None
    siblings: frozenset[int] | None


def read_topology(sys_root: Path) -> Topology:
    """Read the machine of the tree at ``sys_root`` (``/sys``); raises ``TopologyError``."""
    system = sys_root / "devices/system"
    threads = {number: _read_thread(system / "cpu", number) for number in _online(system / "cpu")}
    cores = {number: _siblings(thread, threads) for number, thread in threads.items()}
    _check_agreement(cores, system / "cpu")
    numbers = numbered(system / "node", "node") or [0]
    node_of = _nodes_of_cpus(system / "node", numbers, list(cores))
    cpus = tuple(
        Cpu(
            number=number,
            core=cores[number][0],
            package=thread.package,
            node=node_of[number],
            rank=cores[number].index(number),
        )
        for number, thread in threads.items()
    )
    return Topology(cpus, tuple(_read_node(system / "node", number, numbers, node_of) for number in numbers))


def _online(folder: Path) -> list[int]:
    online = read_cpulist(folder / "online")
    numbers = numbered(folder, "cpu") if online is None else sorted(online)
    if not numbers:
        raise TopologyError(f"{folder}: no CPU is online; is this the root of a /sys tree?")
    return numbers


def _read_thread(folder: Path, number: int) -> _Thread:
    topology = folder / f"cpu{number}/topology"
    siblings = read_cpulist(topology / "core_cpus_list")
    if siblings is None:
        siblings = read_cpulist(topology / "thread_siblings_list")
    package = read_identifier(topology / "physical_package_id")
    return _Thread(number, package or 0, read_identifier(topology / "core_id"), siblings)


def _siblings(thread: _Thread, threads: Mapping[int, _Thread]) -> tuple[int, ...]:
    """Return the online threads of one core, itself among them, ascending."""
    if thread.siblings is not None:
        return tuple(sorted(thread.siblings & threads.keys() | {thread.number}))
    if thread.core_id is None:
        return (thread.number,)
    core = (thread.package, thread.core_id)
    return tuple(other.number for other in threads.values() if (other.package, other.core_id) == core)


def _check_agreement(cores: Mapping[int, tuple[int, ...]], folder: Path) -> None:
    for number, siblings in cores.items():
        for other in siblings:
            if cores[other] != siblings:
                raise TopologyError(
                    f"{folder}: CPU {number} names CPU {other} its sibling, and they disagree on others"
                )


def _nodes_of_cpus(folder: Path, numbers: Sequence[int], online: Sequence[int]) -> Mapping[int, int]:
    found: dict[int, int] = {}
    for node in numbers:
        for cpu in read_cpulist(folder / f"node{node}/cpulist") or ():
            if found.setdefault(cpu, node) != node:
                raise TopologyError(f"{folder}: CPU {cpu} is on node {found[cpu]} and on node {node}")
    return {cpu: found.get(cpu, numbers[0]) for cpu in online}


def _read_node(folder: Path, number: int, numbers: Sequence[int], node_of: Mapping[int, int]) -> Node:
    cpus = frozenset(cpu for cpu, node in node_of.items() if node == number)
    path = folder / f"node{number}/distance"
    text = read_text(path)
    if text is None:
        return Node(number, cpus, tuple(LOCAL_DISTANCE if other == number else REMOTE_DISTANCE for other in numbers))
    if _DISTANCES.fullmatch(text) is None or len(text.split()) != len(numbers):
        raise TopologyError(f"{path}: {text[:40]!r} is not one distance for each of {len(numbers)} nodes")
    return Node(number, cpus, tuple(int(part) for part in text.split()))
