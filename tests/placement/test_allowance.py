"""What the machine leaves, out of trees of both versions of control groups, as containers see them."""

import sys
from pathlib import Path

import pytest

from sidecar.placement.allowance import HERE, Allowance, Trees, read_allowance
from sidecar.placement.cgroup import CgroupError, Throttling, cpuset, kills_all, throttling

#: What a container of docker run --cpuset-cpus 0-1 --cpus 1.5 --memory 256m has, with a namespace of its own (v2).
V2 = {
    "process/cgroup": "0::/",
    "process/status": "Name:\tpython3\nCpus_allowed_list:\t0-1\nMems_allowed:\t00000001\nMems_allowed_list:\t0",
    "cgroups/cpuset.cpus": "0-1",
    "cgroups/cpuset.cpus.effective": "0-1",
    "cgroups/cpuset.mems.effective": "0",
    "cgroups/cpu.max": "150000 100000",
    "cgroups/cpu.stat": (
        "usage_usec 3214098\nuser_usec 2800000\nsystem_usec 414098\ncore_sched.force_idle_usec 0\n"
        "nr_periods 120\nnr_throttled 30\nthrottled_usec 2500000\nnr_bursts 0\nburst_usec 0"
    ),
    "cgroups/memory.max": "268435456",
    "cgroups/memory.oom.group": "0",
}
#: The same on a host with v1, and no namespace: its own group is mounted, and the text has the host's path.
V1 = {
    "process/cgroup": (
        "12:cpuset:/docker/c1\n11:memory:/docker/c1\n4:cpu,cpuacct:/docker/c1\n1:name=systemd:/docker/c1\n0::/"
    ),
    "process/status": "Name:\tpython3\nMems_allowed_list:\t0-1",
    "cgroups/cpuset/cpuset.cpus": "0-1",
    "cgroups/cpuset/cpuset.effective_cpus": "1",
    "cgroups/cpu,cpuacct/cpu.cfs_quota_us": "150000",
    "cgroups/cpu,cpuacct/cpu.cfs_period_us": "100000",
    "cgroups/cpu,cpuacct/cpu.stat": "nr_periods 120\nnr_throttled 30\nthrottled_time 2500000000",
    "cgroups/memory/memory.limit_in_bytes": "268435456",
}


def _trees(root: Path, files: dict[str, str]) -> Trees:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n", encoding="utf-8")
    return Trees(root / "cgroups", root / "process", root / "sys")


def _read(root: Path, files: dict[str, str], cpus: set[int]) -> Allowance:
    return read_allowance(_trees(root, files), affinity=lambda: frozenset(cpus), warn=_no_warning)


def _no_warning(text: str) -> None:
    raise AssertionError(text)


def test_container_of_version_2(tmp_path: Path) -> None:
    """All of it is read of a container's own group."""
    found = _read(tmp_path, V2, {0, 1})
    assert found == Allowance(frozenset({0, 1}), 1.5, 2**28, frozenset({0}), frozenset({0, 1}))
    assert found.usable == 1.5


def test_container_of_version_1(tmp_path: Path) -> None:
    """And of version 1, where the path is the host's; CPUs that are in force go before those that were written."""
    found = _read(tmp_path, V1, {1})
    assert found == Allowance(frozenset({1}), 1.5, 2**28, frozenset({0, 1}), frozenset({1}))
    assert found.usable == 1.0


@pytest.mark.parametrize("files", [V1, V2], ids=["v1", "v2"])
def test_throttling(tmp_path: Path, files: dict[str, str]) -> None:
    """What a quota has done is the same by either version."""
    trees = _trees(tmp_path, files)
    found = throttling(trees.cgroups, trees.membership)
    assert found == Throttling(120, 30, 2.5)
    assert found.share == 0.25


def test_group_that_was_stopped_most_counts(tmp_path: Path) -> None:
    """A pod's quota stops its containers, whose own groups do not know."""
    files = {
        "process/cgroup": "0::/pod/box",
        "cgroups/pod/cpu.stat": "usage_usec 5\nnr_periods 10\nnr_throttled 4\nthrottled_usec 7000",
        "cgroups/pod/box/cpu.stat": "usage_usec 5\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0",
        "cgroups/cpu.stat": "usage_usec 5",
    }
    trees = _trees(tmp_path, files)
    assert throttling(trees.cgroups, trees.membership) == Throttling(10, 4, 0.007)


def test_nothing_is_known_of_a_quota_that_is_not_there(tmp_path: Path) -> None:
    """Without a quota there are no periods, and without a file nothing."""
    trees = _trees(tmp_path, {"process/cgroup": "0::/", "cgroups/cpu.stat": "usage_usec 5\nnr_periods 0"})
    assert throttling(trees.cgroups, trees.membership) is None
    assert throttling(tmp_path / "nowhere", trees.membership) is None


@pytest.mark.parametrize(
    ("files", "kills"),
    [
        ({"memory.oom.group": "1"}, True),
        ({"memory.oom.group": "0"}, False),
        ({"memory.oom.group": "1", "a/memory.oom.group": "0"}, True),
        ({"a/memory.oom.group": "0"}, False),
        ({}, None),
    ],
)
def test_whether_all_die(tmp_path: Path, files: dict[str, str], kills: bool | None) -> None:  # noqa: FBT001 - a case
    """One group on the way up that dies as one is enough; version 1 knows no such thing."""
    trees = _trees(tmp_path, {"process/cgroup": "0::/a", **{f"cgroups/{name}": text for name, text in files.items()}})
    assert kills_all(trees.cgroups, trees.membership) is kills


@pytest.mark.parametrize(
    ("files", "cpus"),
    [
        ({"cpuset.cpus.effective": "2-3", "cpuset.cpus": "0-7"}, {2, 3}),
        ({"a/cpuset.cpus": "", "cpuset.cpus.effective": "4"}, {4}),
        ({"a/cpuset.cpus.effective": "1", "cpuset.cpus.effective": "0-7"}, {1}),
        ({}, None),
    ],
)
def test_cpuset_of_the_nearest_group(tmp_path: Path, files: dict[str, str], cpus: set[int] | None) -> None:
    """What is in force of the nearest group that says anything."""
    trees = _trees(tmp_path, {"process/cgroup": "0::/a", **{f"cgroups/{name}": text for name, text in files.items()}})
    assert cpuset(trees.cgroups, trees.membership) == cpus


def test_what_cannot_be_understood_is_told_and_limits_nothing(tmp_path: Path) -> None:
    """Each file that says what no kernel says is named, and the rest is read all the same."""
    told: list[str] = []
    files = {
        **V2,
        "cgroups/cpu.max": "much 100000",
        "cgroups/cpuset.cpus.effective": "0-",
        "process/status": "Mems_allowed_list:\tx",
    }
    found = read_allowance(_trees(tmp_path, files), affinity=lambda: frozenset({0}), warn=told.append)
    assert found == Allowance(frozenset({0}), None, 2**28)
    assert [text.partition(":")[0] for text in told] == ["no CPU quota is assumed", "no cpuset is assumed"]
    assert "'much' is no number" in told[0]


def test_no_tree_limits_nothing(tmp_path: Path) -> None:
    """Where there is no /proc and no /sys, the CPUs are what is known."""
    assert _read(tmp_path, {}, {0, 1, 2}) == Allowance(frozenset({0, 1, 2}))


@pytest.mark.parametrize("text", ["nr_periods many", "nr_periods 5\nnr_throttled -1"])
def test_other_statistics_are_refused(tmp_path: Path, text: str) -> None:
    """A cpu.stat that no kernel writes is refused by name."""
    trees = _trees(tmp_path, {"process/cgroup": "0::/", "cgroups/cpu.stat": text})
    with pytest.raises(CgroupError, match=r"cpu\.stat: .* is no number"):
        throttling(trees.cgroups, trees.membership)


@pytest.mark.skipif(sys.platform != "linux", reason="control groups are Linux's")
def test_this_machine() -> None:
    """What the machine that the tests run on says fits together."""
    found = read_allowance(warn=_no_warning)
    assert found.cpus
    assert 0 < found.usable <= len(found.cpus)
    assert found.cpuset is None or found.cpus <= found.cpuset
    assert found.memory_nodes
    assert throttling(HERE.cgroups, HERE.membership) is None or found.quota is not None
