"""Trees that contradict themselves, and machines that processes see in part."""

from pathlib import Path

import pytest

from placement.machines import DESKTOP8, SERVER32, read
from sidecar.placement.machine import Cpu, Node, Topology, flat
from sidecar.placement.topology import TopologyError, read_topology

_TOPOLOGY = "cpu/cpu1/topology"


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("cpu/online", "0-x", "cpu/online: '0-x' is neither a CPU number"),
        ("cpu/online", "", "devices/system/cpu: no CPU is online"),
        ("cpu/online", "§", "cpu/online: .* is neither"),
        (f"{_TOPOLOGY}/core_cpus_list", "1;17", "cpu1/topology/core_cpus_list: '1;17' is neither"),
        (f"{_TOPOLOGY}/core_cpus_list", "1-3", "CPU 1 names CPU 2 its sibling, and they disagree"),
        (f"{_TOPOLOGY}/core_id", "one", "core_id: 'one' is no number"),
        (f"{_TOPOLOGY}/core_id", "1_0", "core_id: '1_0' is no number"),
        (f"{_TOPOLOGY}/physical_package_id", "", "physical_package_id: '' is no number"),
        ("node/node1/cpulist", "1-", "node1/cpulist: '1-' is neither"),
        ("node/node1/cpulist", "0-3", "CPU 0 is on node 0 and on node 1"),
        ("node/node1/distance", "21", "node1/distance: '21' is not one distance for each of 2 nodes"),
        ("node/node1/distance", "21 -1", "node1/distance: '21 -1' is not one distance"),
        ("node/node1/distance", "", "node1/distance: '' is not one distance"),
    ],
)
def test_garbage_is_refused_by_name(file: str, text: str, says: str, tmp_path: Path) -> None:
    """What cannot be believed raises TopologyError, and it names the file and quotes it."""
    with pytest.raises(TopologyError, match=says):
        read(SERVER32, tmp_path, {file: text})


def test_empty_root_is_no_machine(tmp_path: Path) -> None:
    """A folder that is no /sys tree is refused with its path (and so is macOS, which has none)."""
    with pytest.raises(TopologyError, match=f"{tmp_path}/devices/system/cpu: no CPU is online"):
        read_topology(tmp_path)


def test_unreadable_file_is_refused(tmp_path: Path) -> None:
    """A file that is there and cannot be read raises TopologyError with the system's reason."""
    (tmp_path / "devices/system/cpu/online").mkdir(parents=True)
    with pytest.raises(TopologyError, match="cpu/online: Is a directory"):
        read_topology(tmp_path)


def test_flat_machine() -> None:
    """Where nothing tells, each CPU is a core of its own on one node."""
    assert flat({3, 1}) == Topology((Cpu(1, 1, 0, 0, 0), Cpu(3, 3, 0, 0, 0)), (Node(0, frozenset({1, 3}), (10,)),))


def test_restriction_counts_ranks_anew(tmp_path: Path) -> None:
    """Where only the second thread of a core is allowed, it counts as the first; nodes lose what is not allowed."""
    machine = read(DESKTOP8, tmp_path).restricted_to({1, 4, 5})
    assert [(cpu.number, cpu.core, cpu.rank) for cpu in machine.cpus] == [(1, 1, 0), (4, 0, 0), (5, 1, 1)]
    assert machine.nodes[0].cpus == {1, 4, 5}


def test_restriction_keeps_cpus_that_sys_hides(tmp_path: Path) -> None:
    """A CPU that is allowed and not in the tree (lxcfs) is a core of its own on the first node."""
    machine = read(SERVER32, tmp_path).restricted_to({1, 40})
    assert machine.cpus[1] == Cpu(number=40, core=40, package=0, node=0, rank=0)
    assert [node.cpus for node in machine.nodes] == [{40}, {1}]
