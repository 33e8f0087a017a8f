"""Looking at trees of machines that the tests do not run on."""

import sys
from pathlib import Path

import pytest

from placement.machines import DESKTOP8, SERVER32, write_tree
from sidecar.doctor.given import clock_synchronised, look
from sidecar.doctor.snapshot import Given
from sidecar.placement.allowance import Trees

_BOX = {
    "process/cgroup": "0::/",
    "process/status": "Mems_allowed_list:\t1",
    "cgroups/cpuset.cpus.effective": "0-3",
    "cgroups/cpu.max": "150000 100000",
    "cgroups/cpu.stat": "nr_periods 200\nnr_throttled 50\nthrottled_usec 1500000",
    "cgroups/memory.max": "402653184",
    "cgroups/memory.current": "104857600",
    "cgroups/memory.oom.group": "1",
}


def _trees(root: Path, files: dict[str, str]) -> Trees:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n", encoding="utf-8")
    return Trees(root / "cgroups", root / "process", root / "sys")


def _look(trees: Trees, cpus: set[int], told: list[str]) -> Given:
    found, allowance = look(told.append, trees, affinity=lambda: frozenset(cpus), cpus=lambda: 32)
    assert allowance.cpus == cpus
    return found


def test_container_on_a_server(tmp_path: Path) -> None:
    """Each figure is that of its file; CPUs 0 to 2 are on two nodes, and other threads of their cores are not ours."""
    trees = _trees(tmp_path, _BOX)
    write_tree(SERVER32, tmp_path / "sys")
    found = _look(trees, {0, 1, 2}, [])
    assert (found.cpus, found.cpuset, found.machine_cpus) == (frozenset({0, 1, 2}), frozenset({0, 1, 2, 3}), 32)
    assert (found.cpu_quota, found.usable_cpus) == (1.5, 1.5)
    assert (found.cpu_nodes, found.memory_nodes) == (frozenset({0, 1}), frozenset({1}))
    assert found.half_cores == {0, 1, 2}
    assert (found.throttled_share, found.throttled_periods, found.throttled_seconds) == (0.25, 50, 1.5)
    assert (found.memory_limit_bytes, found.memory_used_bytes, found.memory_kills_all) == (
        384 * 2**20,
        100 * 2**20,
        True,
    )


def test_whole_cores(tmp_path: Path) -> None:
    """A core of which both threads are ours is no half."""
    write_tree(DESKTOP8, tmp_path / "sys")
    assert _look(_trees(tmp_path, {}), {0, 4, 1}, []).half_cores == {1}


def test_nothing_tells(tmp_path: Path) -> None:
    """Where no tree is, nothing is limited, and what is guessed is said."""
    told: list[str] = []
    found = _look(_trees(tmp_path, {}), {0, 1}, told)
    assert (found.cpu_quota, found.memory_limit_bytes, found.memory_nodes, found.memory_kills_all) == (None,) * 4
    assert (found.cpu_nodes, found.half_cores, found.throttled_share) == (frozenset({0}), frozenset(), None)
    assert any("each CPU is taken for a core of its own" in text for text in told)


def test_garbage_is_told(tmp_path: Path) -> None:
    """A file that says what no kernel says is named, and the rest is read."""
    told: list[str] = []
    files = {**_BOX, "cgroups/cpu.stat": "nr_periods lots"}
    found = _look(_trees(tmp_path, files), {0}, told)
    assert (found.throttled_share, found.cpu_quota) == (None, 1.5)
    assert any("how often the quota was used up is not known" in text for text in told)
    nonsense = _look(_trees(tmp_path, {**_BOX, "process/cgroup": "nonsense"}), {0}, told)
    assert (nonsense.cpu_quota, nonsense.memory_kills_all, nonsense.throttled_share) == (None, None, None)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's")
def test_clock() -> None:
    """The kernel has an account of its clock here, and it does not change with being asked."""
    assert clock_synchronised() in {True, False, None}
    assert clock_synchronised() is clock_synchronised()
