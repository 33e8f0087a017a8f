"""A tree that was recorded from a real machine (README.md), and whether the trees made by hand have its form."""

from pathlib import Path

import pytest

from placement.machines import VM2, write_tree
from sidecar.placement.topology import Cpu, Node, Topology, read_topology

_RECORDED = sorted((Path(__file__).parent / "recorded").glob("*.txt"))
#: Of drivers, which say nothing of CPUs, and which the recorded machine has not or has others of.
_DRIVERS = {"cpu/cpufreq/boost", "cpu/cpuidle/current_driver"}


def _files(recording: Path) -> dict[str, str]:
    lines = recording.read_text(encoding="utf-8").splitlines()
    return {name: text for name, _, text in (line.partition(":") for line in lines)}


def _tree(recording: Path, root: Path) -> Path:
    for name, text in _files(recording).items():
        path = root / "devices/system" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n", encoding="utf-8")
    return root


@pytest.mark.parametrize("recording", _RECORDED, ids=lambda path: path.stem)
def test_recorded_machine_is_read(recording: Path, tmp_path: Path) -> None:
    """Every recording is read, with all the CPUs that it says are online, each on a node."""
    topology = read_topology(_tree(recording, tmp_path))
    assert topology.cpus
    assert {cpu.node for cpu in topology.cpus} <= {node.number for node in topology.nodes}


def test_virtual_machine(tmp_path: Path) -> None:
    """What is in the recording of a machine with 2 CPUs."""
    (recording,) = (one for one in _RECORDED if one.stem == "kvm2")
    topology = read_topology(_tree(recording, tmp_path))
    cpus = (Cpu(0, 0, 0, 0, 0), Cpu(1, 1, 0, 0, 0))
    assert topology == Topology(cpus, (Node(0, frozenset({0, 1}), (10,)),))


def test_hand_made_tree_has_the_form_of_the_recorded_one(tmp_path: Path) -> None:
    """File by file, that of the same machine says the same with the same bytes."""
    (recording,) = (one for one in _RECORDED if one.stem == "kvm2")
    made = write_tree(VM2, tmp_path) / "devices/system"
    written = {
        str(path.relative_to(made)): path.read_text(encoding="utf-8") for path in made.rglob("*") if path.is_file()
    }
    recorded = {name: f"{text}\n" for name, text in _files(recording).items()}
    assert {name: text for name, text in written.items() if name not in _DRIVERS}.items() <= recorded.items()
