"""How many servers, and which CPU each process runs on. Pure: values in, a value out, the same each time.

Processes take their CPUs one after the other, all servers first and then all verifiers. Each takes the best CPU that is
allowed, by what comes first in this list:

1. the one that the fewest processes have: no CPU is shared while one is free, and then evenly;
2. with ``numa``, the one nearest to the process's node;
3. the one with the fewest servers: they answer callers, so verifiers share with each other first;
4. the first thread of a core, then the second: no SMT sibling while a whole core is free (on that node, with ``numa``);
5. the one whose core has the fewest servers: their siblings are given away last;
6. the lowest number.

With ``numa`` a server and its verifiers (verifier i is server i mod N's) are one group, and each group goes to the node
that will then be the least full, in processes an allowed CPU: nodes have groups in proportion to their CPUs. A verifier
leaves its server's node only where that node has no free CPU and another has one: half a CPU costs more than distance.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sidecar.placement.machine import Cpu, Node, Topology


@dataclass(frozen=True, slots=True)
class Place:
    """Where one process runs: on these CPUs, which are on this node. Both ``None``: wherever the kernel puts it."""

    cpus: frozenset[int] | None
    node: int | None


@dataclass(frozen=True, slots=True)
class Placement:
    """The place of each process, by its index."""

    servers: tuple[Place, ...]
    verifiers: tuple[Place, ...]


ANYWHERE = Place(cpus=None, node=None)


def default_servers(allowed_cpus: frozenset[int], quota: float | None, verifiers: int) -> int:
    """Return how many servers to start: the CPUs there are for us, less one for each verifier, and at least 1.

    ``quota`` is in CPUs, ``None`` is no limit; it is rounded down (a process more than the quota pays for is throttled
    in the middle of checks), to at least 1. Raises ``ValueError`` without an allowed CPU or with a negative number.
    """
    _refuse_nonsense(allowed_cpus, 1, verifiers)
    usable = len(allowed_cpus) if quota is None else int(min(len(allowed_cpus), quota))
    return max(1, usable - verifiers)


def plan(  # noqa: PLR0913 - two of the machine, two numbers, two switches
    topology: Topology, allowed: frozenset[int], servers: int, verifiers: int, *, affinity: bool, numa: bool
) -> Placement:
    """Give every process its place, one CPU of ``allowed`` each; without ``affinity`` nothing is pinned.

    ``numa`` needs ``affinity``: memory is on a node because the process that touches it first is. Raises
    ``ValueError`` without an allowed CPU, without a server, or with a negative number.
    """
    _refuse_nonsense(allowed, servers, verifiers)
    if not affinity:
        return Placement((ANYWHERE,) * servers, (ANYWHERE,) * verifiers)
    machine = topology.restricted_to(allowed)
    distances = _distances(machine, numa=numa)
    seats = _Seats(machine.cpus)
    served = [seats.take_for_server(distances[home]) for home in _home_nodes(machine, servers, verifiers)]
    verified = [seats.take(distances[served[index % servers].node]) for index in range(verifiers)]
    return Placement(tuple(map(_place, served)), tuple(map(_place, verified)))


class _Seats:
    """Who has which CPU, while a plan is made."""

    def __init__(self, cpus: tuple[Cpu, ...]) -> None:
        self._cpus = cpus
        self._processes: Counter[int] = Counter()  # by CPU, as the next
        self._servers: Counter[int] = Counter()
        self._servers_of_core: Counter[int] = Counter()

    def take(self, distance: Mapping[int, int]) -> Cpu:
        """Take the best CPU, ``distance`` being that of each node from where the process wants to be."""

        def cost(cpu: Cpu) -> tuple[int, ...]:
            return (
                self._processes[cpu.number],
                distance[cpu.node],
                self._servers[cpu.number],
                cpu.rank,
                self._servers_of_core[cpu.core],
                cpu.number,
            )

        best = min(self._cpus, key=cost)
        self._processes[best.number] += 1
        return best

    def take_for_server(self, distance: Mapping[int, int]) -> Cpu:
        """Take the best CPU for a server, which others then keep away from."""
        best = self.take(distance)
        self._servers[best.number] += 1
        self._servers_of_core[best.core] += 1
        return best


def _home_nodes(machine: Topology, servers: int, verifiers: int) -> Iterator[int]:
    """Give the node on which each server's group belongs. The first groups are the largest, by one verifier."""
    nodes = [node for node in machine.nodes if node.cpus]
    members: Counter[int] = Counter()
    for server in range(servers):
        group = 1 + len(range(server, verifiers, servers))
        home = _least_full(nodes, members, group)
        members[home] += group
        yield home


def _least_full(nodes: list[Node], members: Mapping[int, int], group: int) -> int:
    """Return the node with the fewest processes a CPU once ``group`` processes are added; of equals the first."""
    return min(nodes, key=lambda node: ((members[node.number] + group) / len(node.cpus), node.number)).number


def _distances(machine: Topology, *, numa: bool) -> Mapping[int, Mapping[int, int]]:
    """Return the distance of every node from every node; without ``numa`` they are all the same."""
    if numa:
        return {node.number: machine.distances_from(node.number) for node in machine.nodes}
    nowhere = {node.number: 0 for node in machine.nodes}
    return dict.fromkeys(nowhere, nowhere)


def _place(cpu: Cpu) -> Place:
    return Place(frozenset({cpu.number}), cpu.node)


def _refuse_nonsense(allowed: frozenset[int], servers: int, verifiers: int) -> None:
    if not allowed:
        raise ValueError("no CPU is allowed: a process always has one, see sched_getaffinity(2)")
    if servers < 1 or verifiers < 0:
        raise ValueError(f"{servers} servers and {verifiers} verifiers: at least 1 server, at least 0 verifiers")
