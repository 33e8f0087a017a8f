"""Machines as small tables, and their /sys trees (see README.md)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sidecar.placement.cpulist import format_cpulist, parse_cpulist
from sidecar.placement.topology import Topology, read_topology


@dataclass(frozen=True, slots=True)
class Machine:
    """``cores``: (package, threads) of each core. ``nodes``: (cpulist, distance) of each node; none: no node folder."""

    name: str
    cores: tuple[tuple[int, tuple[int, ...]], ...]
    nodes: tuple[tuple[str, str], ...]
    offline: str = ""

    def __str__(self) -> str:
        """Return the name, for test ids."""
        return self.name

    @property
    def online(self) -> frozenset[int]:
        """The CPUs that are switched on."""
        return frozenset(cpu for _, threads in self.cores for cpu in threads) - parse_cpulist(self.offline)


_SERVER_CORES = tuple((cpu % 2, (cpu, cpu + 16)) for cpu in range(16))
_EPYC_CORES = tuple((cpu // 32, (cpu, cpu + 64)) for cpu in range(64))
_EPYC_NODES = tuple(
    (
        f"{node * 8}-{node * 8 + 7},{node * 8 + 64}-{node * 8 + 71}",
        " ".join("10" if other == node else "12" if other // 4 == node // 4 else "32" for other in range(8)),
    )
    for node in range(8)
)
_DESKTOP_CORES = tuple((0, (cpu, cpu + 4)) for cpu in range(4))

VM2 = Machine("vm2", ((0, (0,)), (0, (1,))), (("0-1", "10"),))
DESKTOP8 = Machine("desktop8", _DESKTOP_CORES, (("0-7", "10"),))
SERVER32 = Machine(
    "server32",
    _SERVER_CORES,
    (
        ("0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30", "10 21"),
        ("1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31", "21 10"),
    ),
)
EPYC128 = Machine("epyc128", _EPYC_CORES, _EPYC_NODES)
OFFLINE8 = Machine("offline8", _DESKTOP_CORES, (("0-4,6", "10"),), offline="5,7")
ARM4 = Machine("arm4", tuple((0, (cpu,)) for cpu in range(4)), ())

MACHINES = (VM2, DESKTOP8, SERVER32, EPYC128, OFFLINE8, ARM4)


def read(machine: Machine, root: Path, changes: Mapping[str, str | None] | None = None) -> Topology:
    """Write a machine's tree below ``root`` and read it."""
    return read_topology(write_tree(machine, root, changes))


def write_tree(machine: Machine, root: Path, changes: Mapping[str, str | None] | None = None) -> Path:
    """Write a machine's tree; ``changes`` are files below devices/system with another text, or none (``None``)."""
    files: dict[str, str | None] = {**_cpu_files(machine), **_node_files(machine), **(changes or {})}
    for name, text in files.items():
        if text is not None:
            path = root / "devices/system" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{text}\n", encoding="utf-8")
    return root


def _cpu_files(machine: Machine) -> dict[str, str]:
    everything = format_cpulist(cpu for _, threads in machine.cores for cpu in threads)
    files = {
        "cpu/online": format_cpulist(machine.online),
        "cpu/offline": machine.offline,
        "cpu/possible": everything,
        "cpu/present": everything,
        "cpu/cpufreq/boost": "1",
        "cpu/cpuidle/current_driver": "none",
    }
    for index, (package, threads) in enumerate(machine.cores):
        siblings = format_cpulist(machine.online.intersection(threads))
        for cpu in threads:
            if cpu:
                files[f"cpu/cpu{cpu}/online"] = str(int(cpu in machine.online))
            if cpu in machine.online:
                files[f"cpu/cpu{cpu}/topology/physical_package_id"] = str(package)
                files[f"cpu/cpu{cpu}/topology/core_id"] = str(index)
                files[f"cpu/cpu{cpu}/topology/core_cpus_list"] = siblings
                files[f"cpu/cpu{cpu}/topology/thread_siblings_list"] = siblings
    return files


def _node_files(machine: Machine) -> dict[str, str]:
    files = {}
    for number, (cpus, distance) in enumerate(machine.nodes):
        files[f"node/node{number}/cpulist"] = cpus
        files[f"node/node{number}/distance"] = distance
        files["node/online"] = files["node/possible"] = format_cpulist(range(number + 1))
    return files
