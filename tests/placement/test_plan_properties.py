"""What is true of every plan, whatever the machine and the numbers."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.strategies import demands
from sidecar.placement.machine import Cpu, Topology
from sidecar.placement.plan import Placement, plan

Demand = tuple[Topology, frozenset[int], int, int]

_NUMA = pytest.mark.parametrize("numa", [False, True])


def _plan(demand: Demand, *, numa: bool) -> Placement:
    topology, allowed, servers, verifiers = demand
    return plan(topology, allowed, servers, verifiers, affinity=True, numa=numa)


def _cpus(placement: Placement) -> list[int]:
    """Return the CPU of each process; fails where one has none or several."""
    taken = []
    for place in placement.servers + placement.verifiers:
        assert place.cpus is not None
        (cpu,) = place.cpus
        taken.append(cpu)
    return taken


def _loads(demand: Demand, placement: Placement) -> dict[Cpu, int]:
    """Return the number of processes on each allowed CPU."""
    loads = Counter(_cpus(placement))
    return {cpu: loads[cpu.number] for cpu in demand[0].restricted_to(demand[1]).cpus}


@_NUMA
@given(demands())
def test_every_process_has_one_allowed_cpu_on_its_node(numa: bool, demand: Demand) -> None:  # noqa: FBT001
    """Everybody has a CPU, nobody one that is not allowed, and the node said is the CPU's."""
    placement = _plan(demand, numa=numa)
    assert (len(placement.servers), len(placement.verifiers)) == demand[2:]
    assert set(_cpus(placement)) <= demand[1]
    node_of = {cpu.number: cpu.node for cpu in demand[0].cpus}
    places = placement.servers + placement.verifiers
    assert [place.node for place in places] == [node_of[cpu] for cpu in _cpus(placement)]


@_NUMA
@given(demands())
def test_cpus_are_shared_late_and_evenly(numa: bool, demand: Demand) -> None:  # noqa: FBT001
    """CPUs are distinct while they suffice; then no CPU has two processes more than another."""
    loads = _loads(demand, _plan(demand, numa=numa)).values()
    assert max(loads) - min(loads) <= 1
    if demand[2] + demand[3] <= len(demand[1]):
        assert max(loads) == 1


@given(demands())
def test_first_threads_come_before_siblings(demand: Demand) -> None:
    """Without numa no second thread of a core is used while a first one is free, nor a third while a second is."""
    loads = _loads(demand, _plan(demand, numa=False))
    last = max(cpu.rank for cpu, load in loads.items() if load)
    assert all(load or cpu.rank >= last for cpu, load in loads.items())


@given(demands())
def test_first_threads_come_before_siblings_on_each_node(demand: Demand) -> None:
    """With numa the same is true on every node by itself."""
    loads = _loads(demand, _plan(demand, numa=True))
    for node in demand[0].nodes:
        here = {cpu: load for cpu, load in loads.items() if cpu.node == node.number}
        taken = [cpu.rank for cpu, load in here.items() if load]
        assert all(load or cpu.rank >= max(taken, default=0) for cpu, load in here.items())


@given(demands())
def test_verifier_leaves_its_server_s_node_only_when_it_is_full(demand: Demand) -> None:
    """With numa a verifier is on another node than its server only where no CPU of the server's is free."""
    placement = _plan(demand, numa=True)
    loads = _loads(demand, placement)
    for index, verifier in enumerate(placement.verifiers):
        home = placement.servers[index % demand[2]].node
        if verifier.node != home:
            assert all(load for cpu, load in loads.items() if cpu.node == home)


@given(demands())
def test_servers_are_in_proportion_to_allowed_cpus(demand: Demand) -> None:
    """Without verifiers each node has at least its share of the servers, rounded down; equal nodes differ by one."""
    topology, allowed, servers, _ = demand
    placement = plan(topology, allowed, servers, 0, affinity=True, numa=True)
    found = Counter(place.node for place in placement.servers)
    nodes = [node for node in topology.restricted_to(allowed).nodes if node.cpus]
    for node in nodes:
        assert found[node.number] >= servers * len(node.cpus) // len(allowed)
        alike = [found[other.number] for other in nodes if len(other.cpus) == len(node.cpus)]
        assert max(alike) - min(alike) <= 1


@_NUMA
@given(demands(), st.randoms(use_true_random=False))
def test_plan_depends_on_what_is_asked_alone(numa: bool, demand: Demand, random: Random) -> None:  # noqa: FBT001
    """The same machine told in another order, and the same CPUs in another order, have the same plan."""
    topology, allowed, servers, verifiers = demand
    shuffled = Topology(tuple(random.sample(topology.cpus, len(topology.cpus))), topology.nodes)
    again = frozenset(random.sample(sorted(allowed), len(allowed)))
    assert _plan((shuffled, again, servers, verifiers), numa=numa) == _plan(demand, numa=numa)


@given(demands(), st.integers(1, 5))
def test_more_verifiers_move_no_server(demand: Demand, more: int) -> None:
    """Without numa servers stay where they are when verifiers are added."""
    topology, allowed, servers, verifiers = demand
    larger = _plan((topology, allowed, servers, verifiers + more), numa=False)
    assert larger.servers == _plan(demand, numa=False).servers
