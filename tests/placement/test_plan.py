"""Plans for the recorded machines."""

from pathlib import Path

import pytest

from placement.machines import DESKTOP8, EPYC128, OFFLINE8, SERVER32, VM2, Machine, read
from sidecar.placement.machine import flat
from sidecar.placement.plan import ANYWHERE, Place, Placement, plan
from sidecar.placement.topology import Topology


def _pinned(
    topology: Topology, servers: int, verifiers: int, *, numa: bool, allowed: frozenset[int] | None = None
) -> Placement:
    everything = frozenset(cpu.number for cpu in topology.cpus)
    return plan(topology, allowed or everything, servers, verifiers, affinity=True, numa=numa)


def _cpus(places: tuple[Place, ...]) -> list[int]:
    """Return each process's one CPU."""
    return [cpu for place in places for cpu in sorted(place.cpus or ())]


@pytest.mark.parametrize(
    ("machine", "servers", "verifiers", "server_cpus", "verifier_cpus"),
    [
        pytest.param(VM2, 1, 1, [0], [1], id="one CPU each"),
        pytest.param(VM2, 1, 2, [0], [1, 1], id="verifiers share with each other before they share with a server"),
        pytest.param(VM2, 2, 2, [0, 1], [0, 1], id="shared evenly"),
        pytest.param(DESKTOP8, 3, 1, [0, 1, 2], [3], id="whole cores first"),
        pytest.param(DESKTOP8, 2, 4, [0, 1], [2, 3, 6, 7], id="siblings of verifiers before siblings of servers"),
        pytest.param(
            DESKTOP8, 4, 5, [0, 1, 2, 3], [4, 5, 6, 7, 4], id="a verifier's sibling before a server's own CPU"
        ),
        pytest.param(DESKTOP8, 6, 2, [0, 1, 2, 3, 4, 5], [6, 7], id="every thread"),
        pytest.param(OFFLINE8, 4, 2, [0, 1, 2, 3], [4, 6], id="offline CPUs are nobody's"),
    ],
)
def test_one_node(  # noqa: PLR0913, PLR0917 - a row of the table
    machine: Machine, servers: int, verifiers: int, server_cpus: list[int], verifier_cpus: list[int], tmp_path: Path
) -> None:
    """On one node processes get distinct CPUs, servers first and siblings last, with numa and without."""
    topology = read(machine, tmp_path)
    placement = _pinned(topology, servers, verifiers, numa=True)
    assert (_cpus(placement.servers), _cpus(placement.verifiers)) == (server_cpus, verifier_cpus)
    assert placement == _pinned(topology, servers, verifiers, numa=False)


def test_servers_are_spread_over_nodes(tmp_path: Path) -> None:
    """With numa servers go to the nodes in turn; without, in the order of CPU numbers."""
    topology = read(EPYC128, tmp_path)
    spread = _pinned(topology, 10, 0, numa=True).servers
    assert [place.node for place in spread] == [0, 1, 2, 3, 4, 5, 6, 7, 0, 1]
    assert _cpus(spread) == [0, 8, 16, 24, 32, 40, 48, 56, 1, 9]
    assert _cpus(_pinned(topology, 10, 0, numa=False).servers) == list(range(10))


def test_group_stays_on_its_node(tmp_path: Path) -> None:
    """Two servers with three verifiers each: all of a group on one node, on first threads alone."""
    placement = _pinned(read(SERVER32, tmp_path), 2, 6, numa=True)
    assert _cpus(placement.servers) == [0, 1]
    assert _cpus(placement.verifiers) == [2, 3, 4, 5, 6, 7]
    assert [place.node for place in placement.verifiers] == [0, 1, 0, 1, 0, 1]


def test_numa_prefers_a_sibling_at_home(tmp_path: Path) -> None:
    """With numa a group of ten stays on a node of eight cores; without, every process has a core of its own."""
    topology = read(SERVER32, tmp_path)
    near = _pinned(topology, 1, 9, numa=True)
    assert {place.node for place in near.servers + near.verifiers} == {0}
    assert _cpus(near.verifiers) == [2, 4, 6, 8, 10, 12, 14, 18, 20]
    assert _cpus(_pinned(topology, 1, 9, numa=False).verifiers) == list(range(1, 10))


def test_group_too_large_for_its_node_goes_to_the_nearest(tmp_path: Path) -> None:
    """Verifiers for whom the server's node has no CPU left go to the nearest node that has one."""
    topology = read(EPYC128, tmp_path)
    full = _pinned(topology, 1, 20, numa=True)
    assert [place.node for place in full.verifiers] == [0] * 15 + [1] * 5
    far_and_near = _pinned(topology, 1, 3, numa=True, allowed=frozenset({0, 32, 33, 40}))
    assert _cpus(far_and_near.servers) == [32]
    assert _cpus(far_and_near.verifiers) == [33, 40, 0]


def test_servers_follow_the_allowed_cpus(tmp_path: Path) -> None:
    """A node that gives a quarter of the allowed CPUs gets a quarter of the servers."""
    allowed = frozenset({0, 2, 1, 3, 5, 7, 9, 11})
    placement = _pinned(read(SERVER32, tmp_path), 4, 0, numa=True, allowed=allowed)
    assert sorted(place.node or 0 for place in placement.servers) == [0, 1, 1, 1]


def test_larger_group_gets_the_room(tmp_path: Path) -> None:
    """Groups are weighed with their verifiers: three servers and one verifier fit two nodes of two CPUs."""
    placement = _pinned(read(SERVER32, tmp_path), 3, 1, numa=True, allowed=frozenset({0, 2, 1, 3}))
    assert [place.node for place in placement.servers] == [0, 1, 1]
    assert [place.node for place in placement.verifiers] == [0]


def test_node_without_allowed_cpus_gets_nobody(tmp_path: Path) -> None:
    """A cpuset on one socket keeps everybody there."""
    placement = _pinned(read(SERVER32, tmp_path), 2, 1, numa=True, allowed=frozenset({1, 17, 3}))
    assert _cpus(placement.servers) == [1, 3]
    assert _cpus(placement.verifiers) == [17]


@pytest.mark.parametrize("numa", [False, True])
def test_without_affinity_nothing_is_pinned(numa: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a parameter of pytest
    """Without affinity every process is where the kernel puts it, whatever numa says."""
    placement = plan(read(SERVER32, tmp_path), frozenset({0, 1}), 2, 3, affinity=False, numa=numa)
    assert placement == Placement((ANYWHERE,) * 2, (ANYWHERE,) * 3)
    assert ANYWHERE.cpus is None


@pytest.mark.parametrize("affinity", [False, True])
@pytest.mark.parametrize(
    ("allowed", "servers", "verifiers", "says"),
    [
        (set(), 1, 0, "no CPU is allowed"),
        ({0}, 0, 1, "0 servers and 1 verifiers: at least 1"),
        ({0}, 1, -1, "1 servers and -1 verifiers"),
    ],
)
def test_nonsense_is_refused(
    affinity: bool,  # noqa: FBT001 - a parameter of pytest
    allowed: set[int],
    servers: int,
    verifiers: int,
    says: str,
) -> None:
    """A plan without a CPU or a server is a mistake of the caller, also where nothing would be pinned."""
    with pytest.raises(ValueError, match=says):
        plan(flat({0}), frozenset(allowed), servers, verifiers, affinity=affinity, numa=False)
