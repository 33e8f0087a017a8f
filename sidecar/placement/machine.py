"""What a machine looks like to the planner: CPUs, the cores they are threads of, and the nodes they are near to."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

#: ``LOCAL_DISTANCE`` and ``REMOTE_DISTANCE`` of the kernel and of ACPI's SLIT: for machines that name no distances.
LOCAL_DISTANCE = 10
REMOTE_DISTANCE = 20


@dataclass(frozen=True, slots=True)
class Cpu:
    """One logical CPU, which is a hardware thread.

    ``core`` names its core for the whole machine: the smallest number among the core's threads (the kernel's own
    ``core_id`` is unique in a package at best). ``rank`` counts the threads of a core: 0 the first, 1 its SMT sibling.
    """

    number: int
    core: int
    package: int
    node: int
    rank: int


@dataclass(frozen=True, slots=True)
class Node:
    """One NUMA node. ``cpus`` is empty where it has memory alone.

    ``distances`` are relative costs of its memory, as the firmware tells them (10 is local): one to each node of the
    topology, in its order.
    """

    number: int
    cpus: frozenset[int]
    distances: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Topology:
    """A machine's online CPUs and its nodes, both in ascending order of their numbers. There is always a node."""

    cpus: tuple[Cpu, ...]
    nodes: tuple[Node, ...]

    def distances_from(self, number: int) -> Mapping[int, int]:
        """Return the distance of each node from node ``number``."""
        (distances,) = (node.distances for node in self.nodes if node.number == number)
        return {node.number: distance for node, distance in zip(self.nodes, distances, strict=True)}

    def restricted_to(self, allowed: Iterable[int]) -> "Topology":
        """Return the machine as a process sees it that may use the CPUs ``allowed`` and no others.

        Ranks are counted anew: where the first thread of a core is not allowed, its sibling has the core for itself.
        A CPU that the topology does not know (lxcfs shows containers a made-up ``online``) is allowed all the same: it
        counts as a core of its own, on the first node.
        """
        known = {cpu.number: cpu for cpu in self.cpus}
        seen: Counter[int] = Counter()
        cpus = []
        for number in sorted(set(allowed)):
            cpu = known.get(number) or Cpu(number, number, 0, self.nodes[0].number, 0)
            cpus.append(replace(cpu, rank=seen[cpu.core]))
            seen[cpu.core] += 1
        return Topology(tuple(cpus), tuple(replace(node, cpus=_on(node.number, cpus)) for node in self.nodes))


def flat(cpus: Iterable[int]) -> Topology:
    """Return a machine of one node on which each CPU is a core: for where nothing tells (macOS, a masked /sys)."""
    members = tuple(Cpu(number, number, 0, 0, 0) for number in sorted(set(cpus)))
    return Topology(members, (Node(0, _on(0, members), (LOCAL_DISTANCE,)),))


def _on(node: int, cpus: Iterable[Cpu]) -> frozenset[int]:
    return frozenset(cpu.number for cpu in cpus if cpu.node == node)
