"""Machines and demands that nobody thought of."""

from hypothesis import strategies as st

from sidecar.placement.machine import LOCAL_DISTANCE, Cpu, Node, Topology


@st.composite
def topologies(draw: st.DrawFn) -> Topology:
    """Return a machine of 1 to 4 nodes, some with memory alone, with 1 to 4 threads a core, numbered in any way."""
    shape = draw(st.lists(st.lists(st.integers(1, 4), max_size=4), min_size=1, max_size=4).filter(any))
    numbers = iter(draw(st.permutations(range(sum(sum(cores) for cores in shape)))))
    cpus = []
    for node, cores in enumerate(shape):
        for size in cores:
            threads = sorted(next(numbers) for _ in range(size))
            cpus += [Cpu(number, threads[0], 0, node, rank) for rank, number in enumerate(threads)]
    return Topology(tuple(sorted(cpus, key=lambda cpu: cpu.number)), draw(_nodes(cpus, len(shape))))


@st.composite
def _nodes(draw: st.DrawFn, cpus: list[Cpu], count: int) -> tuple[Node, ...]:
    return tuple(
        Node(
            number,
            frozenset(cpu.number for cpu in cpus if cpu.node == number),
            tuple(LOCAL_DISTANCE if other == number else draw(st.integers(11, 40)) for other in range(count)),
        )
        for number in range(count)
    )


@st.composite
def demands(draw: st.DrawFn) -> tuple[Topology, frozenset[int], int, int]:
    """Return a machine, the CPUs of it that are allowed, and numbers of servers and verifiers."""
    machine = draw(topologies())
    allowed = draw(st.frozensets(st.sampled_from([cpu.number for cpu in machine.cpus]), min_size=1))
    if draw(st.booleans()):
        allowed = frozenset(cpu.number for cpu in machine.cpus)
    most = draw(st.sampled_from([len(allowed), 3 * len(allowed)]))
    servers = draw(st.integers(1, most))
    return machine, allowed, servers, draw(st.integers(0, most - servers))
