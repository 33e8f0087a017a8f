"""Machines as their /sys trees tell them."""

from pathlib import Path

import pytest

from placement.machines import ARM4, DESKTOP8, EPYC128, MACHINES, OFFLINE8, SERVER32, VM2, Machine, read
from sidecar.placement.topology import Cpu, Node, Topology


def _nodes(topology: Topology) -> list[tuple[int, frozenset[int]]]:
    return [(node.number, node.cpus) for node in topology.nodes]


def _cores(topology: Topology) -> set[tuple[int, ...]]:
    cores = {cpu.core for cpu in topology.cpus}
    return {tuple(cpu.number for cpu in topology.cpus if cpu.core == core) for core in cores}


@pytest.mark.parametrize("machine", MACHINES, ids=str)
def test_every_online_cpu_is_there_once(machine: Machine, tmp_path: Path) -> None:
    """A topology has each online CPU once, in ascending order, on exactly one of its nodes."""
    topology = read(machine, tmp_path)
    assert [cpu.number for cpu in topology.cpus] == sorted(machine.online)
    assert sorted(number for node in topology.nodes for number in node.cpus) == sorted(machine.online)
    assert all(cpu.number in node.cpus for cpu in topology.cpus for node in topology.nodes if node.number == cpu.node)


@pytest.mark.parametrize("machine", MACHINES, ids=str)
def test_ranks_count_the_threads_of_a_core(machine: Machine, tmp_path: Path) -> None:
    """A core is named by its first thread, and its threads are ranked from 0 on."""
    topology = read(machine, tmp_path)
    expected = {
        cpu: (online[0], rank)
        for _, threads in machine.cores
        for online in [sorted(machine.online.intersection(threads))]
        for rank, cpu in enumerate(online)
    }
    assert {cpu.number: (cpu.core, cpu.rank) for cpu in topology.cpus} == expected


def test_virtual_machine(tmp_path: Path) -> None:
    """Two CPUs without siblings on one node."""
    cpus = (Cpu(0, 0, 0, 0, 0), Cpu(1, 1, 0, 0, 0))
    assert read(VM2, tmp_path) == Topology(cpus, (Node(0, frozenset({0, 1}), (10,)),))


def test_interleaved_server(tmp_path: Path) -> None:
    """Intel's numbering: even CPUs on node 0, odd ones on node 1, siblings 16 apart."""
    topology = read(SERVER32, tmp_path)
    assert _nodes(topology) == [(0, frozenset(range(0, 32, 2))), (1, frozenset(range(1, 32, 2)))]
    assert topology.cpus[21] == Cpu(number=21, core=5, package=1, node=1, rank=1)
    assert topology.distances_from(1) == {0: 21, 1: 10}


def test_eight_nodes(tmp_path: Path) -> None:
    """NPS4 on two sockets: eight nodes of 16 threads, those of one socket nearer than those of the other."""
    topology = read(EPYC128, tmp_path)
    assert [len(node.cpus) for node in topology.nodes] == [16] * 8
    assert topology.cpus[100] == Cpu(number=100, core=36, package=1, node=4, rank=1)
    assert topology.distances_from(4) == {0: 32, 1: 32, 2: 32, 3: 32, 4: 10, 5: 12, 6: 12, 7: 12}


def test_offline_cpus_are_left_out(tmp_path: Path) -> None:
    """An offline CPU is not there, wherever it is still listed, and its sibling has the core alone."""
    stale = {"cpu/cpu1/topology/core_cpus_list": "1,5", "node/node0/cpulist": "0-7"}
    topology = read(OFFLINE8, tmp_path, stale)
    assert _nodes(topology) == [(0, frozenset({0, 1, 2, 3, 4, 6}))]
    assert _cores(topology) == {(0, 4), (1,), (2, 6), (3,)}


def test_no_node_folder_is_one_node(tmp_path: Path) -> None:
    """Without NUMA in the kernel all CPUs are on one node."""
    topology = read(ARM4, tmp_path)
    assert topology.nodes == (Node(0, frozenset(range(4)), (10,)),)


def test_memory_without_cpus_is_a_node(tmp_path: Path) -> None:
    """A node with memory alone (CXL) is kept, without CPUs, with its distances."""
    changes = {
        "node/node2/cpulist": "",
        "node/node2/distance": "14 24 10",
        "node/node0/distance": "10 21 14",
        "node/node1/distance": "21 10 24",
    }
    topology = read(SERVER32, tmp_path, changes)
    assert topology.nodes[2] == Node(2, frozenset(), (14, 24, 10))


def test_node_numbers_may_have_gaps(tmp_path: Path) -> None:
    """Distances are in the order of the nodes that there are, whatever their numbers."""
    changes = {
        "node/node1/cpulist": None,
        "node/node1/distance": None,
        "node/node8/cpulist": SERVER32.nodes[1][0],
        "node/node8/distance": "21 10",
    }
    topology = read(SERVER32, tmp_path, changes)
    assert [node.number for node in topology.nodes] == [0, 8]
    assert topology.distances_from(8) == {0: 21, 8: 10}


def test_missing_distances_are_the_kernel_s_own(tmp_path: Path) -> None:
    """Without distances a node is 10 from itself and 20 from others."""
    topology = read(SERVER32, tmp_path, {"node/node0/distance": None})
    assert topology.distances_from(0) == {0: 10, 1: 20}


def test_cpu_of_no_node_is_on_the_first(tmp_path: Path) -> None:
    """A CPU that no node lists is on the first node."""
    topology = read(DESKTOP8, tmp_path, {"node/node0/cpulist": "0-6"})
    assert topology.nodes[0].cpus == frozenset(range(8))


def test_missing_online_file_means_every_folder(tmp_path: Path) -> None:
    """Without the file online every cpuN folder is a CPU, and cpufreq and cpuidle are none."""
    assert len(read(DESKTOP8, tmp_path, {"cpu/online": None}).cpus) == 8


def test_old_name_of_the_sibling_list_is_read(tmp_path: Path) -> None:
    """Kernels before 5.3 say thread_siblings_list."""
    without = {f"cpu/cpu{cpu}/topology/{name}": None for cpu in range(8) for name in ("core_cpus_list", "core_id")}
    assert _cores(read(DESKTOP8, tmp_path, without)) == {(0, 4), (1, 5), (2, 6), (3, 7)}


def test_core_ids_stand_in_for_sibling_lists(tmp_path: Path) -> None:
    """Without sibling lists CPUs of one package and core_id are siblings; the same id elsewhere is another core."""
    without: dict[str, str | None] = {
        f"cpu/cpu{cpu}/topology/{name}": None for cpu in range(8) for name in ("core_cpus_list", "thread_siblings_list")
    }
    moved = {"cpu/cpu7/topology/physical_package_id": "1"}
    assert _cores(read(DESKTOP8, tmp_path, without | moved)) == {(0, 4), (1, 5), (2, 6), (3,), (7,)}


def test_missing_topology_means_cores_of_their_own(tmp_path: Path) -> None:
    """A CPU of which nothing is told is a core of its own in package 0 (gVisor)."""
    without = {
        f"cpu/cpu{cpu}/topology/{name}": None
        for cpu in range(2)
        for name in ("core_cpus_list", "thread_siblings_list", "core_id", "physical_package_id")
    }
    assert read(VM2, tmp_path, without).cpus == (Cpu(0, 0, 0, 0, 0), Cpu(1, 1, 0, 0, 0))


def test_minus_one_is_not_known(tmp_path: Path) -> None:
    """Ids of -1, which older arm64 kernels write, are no ids: they make no siblings."""
    unknown = {
        f"cpu/cpu{cpu}/topology/{name}": text
        for cpu in range(4)
        for name, text in [("physical_package_id", "-1"), ("core_id", "-1"), ("core_cpus_list", None)]
    } | {f"cpu/cpu{cpu}/topology/thread_siblings_list": None for cpu in range(4)}
    topology = read(ARM4, tmp_path, unknown)
    assert [(cpu.core, cpu.package, cpu.rank) for cpu in topology.cpus] == [(cpu, 0, 0) for cpu in range(4)]
