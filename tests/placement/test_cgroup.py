"""CPU and memory that control groups leave."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.placement.cgroup import CgroupError, cpu_quota, memory_limit

_V1 = "5:memory:/docker/c1\n4:cpu,cpuacct:/docker/c1\n1:name=systemd:/docker/c1\n"


def _tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n", encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("membership", "files", "cpus"),
    [
        pytest.param("0::/\n", {"cpu.max": "200000 100000"}, 2.0, id="v2, a container's own group"),
        pytest.param("0::/\n", {"cpu.max": "max 100000"}, None, id="v2, no limit"),
        pytest.param("0::/\n", {"cpu.max": "50000 100000"}, 0.5, id="v2, half a CPU"),
        pytest.param("0::/\n", {"cpu.max": "25000 10000"}, 2.5, id="v2, another period"),
        pytest.param("0::/a/b\n", {"a/b/cpu.max": "max 100000", "a/cpu.max": "300000 100000"}, 3.0, id="v2, parent"),
        pytest.param(
            "0::/a/b\n", {"a/b/cpu.max": "400000 100000", "a/cpu.max": "150000 100000"}, 1.5, id="v2, smaller parent"
        ),
        pytest.param(
            "0::/a/b\n", {"a/b/cpu.max": "100000 100000", "a/cpu.max": "800000 100000"}, 1.0, id="v2, larger parent"
        ),
        pytest.param("0::/a\n", {"b/cpu.max": "100000 100000"}, None, id="v2, another group's"),
        pytest.param("0::/host/pod\n", {"cpu.max": "200000 100000"}, 2.0, id="v2, the host's path in a container"),
        pytest.param("0::/a:b\n", {"a:b/cpu.max": "200000 100000"}, 2.0, id="v2, a colon in the path"),
        pytest.param("0::/a (deleted)\n", {"cpu.max": "200000 100000"}, 2.0, id="v2, a group that is gone"),
        pytest.param("0::/\n", {}, None, id="v2, the root has no file"),
        pytest.param("", {"cpu.max": "200000 100000"}, None, id="no groups at all"),
        pytest.param(
            _V1,
            {
                "cpu,cpuacct/docker/c1/cpu.cfs_quota_us": "250000",
                "cpu,cpuacct/docker/c1/cpu.cfs_period_us": "100000",
                "cpu,cpuacct/cpu.cfs_quota_us": "-1",
                "cpu,cpuacct/cpu.cfs_period_us": "100000",
            },
            2.5,
            id="v1",
        ),
        pytest.param(
            _V1, {"cpu/cpu.cfs_quota_us": "150000", "cpu/cpu.cfs_period_us": "50000"}, 3.0, id="v1, in a container"
        ),
        pytest.param(_V1, {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None, id="v1, no limit"),
        pytest.param(_V1, {"cpu/cpu.cfs_quota_us": "150000"}, None, id="v1, no period"),
        pytest.param(
            "1:cpuset:/\n",
            {"cpu/cpu.cfs_quota_us": "1", "cpu/cpu.cfs_period_us": "1"},
            None,
            id="v1, another controller",
        ),
        pytest.param(f"{_V1}0::/a\n", {"unified/a/cpu.max": "200000 100000"}, 2.0, id="hybrid, on v2"),
    ],
)
def test_quota(membership: str, files: dict[str, str], cpus: float | None, tmp_path: Path) -> None:
    """The quota is the smallest of our group and of those above it, in CPUs."""
    assert cpu_quota(_tree(tmp_path, files), membership) == cpus


def test_group_outside_the_namespace_is_not_looked_for(tmp_path: Path) -> None:
    """A path with .. in it never leads out of the root, which alone is looked at."""
    tree = _tree(tmp_path, {"cpu.max": "100000 100000", "root/cpu.max": "200000 100000", "root/b/cpu.max": "1 100000"})
    assert cpu_quota(tree / "root", "0::/../b\n") == 2.0


@pytest.mark.parametrize(
    ("membership", "files", "limit"),
    [
        pytest.param("0::/\n", {"memory.max": "268435456"}, 2**28, id="v2"),
        pytest.param("0::/\n", {"memory.max": "max"}, None, id="v2, no limit"),
        pytest.param("0::/a\n", {"a/memory.max": "max", "memory.max": "4096"}, 4096, id="v2, parent"),
        pytest.param("0::/a\n", {"a/memory.max": "0", "memory.max": "4096"}, 0, id="v2, nothing at all"),
        pytest.param(_V1, {"memory/docker/c1/memory.limit_in_bytes": "268435456"}, 2**28, id="v1"),
        pytest.param(
            _V1, {"memory/memory.limit_in_bytes": "9223372036854771712"}, None, id="v1, no limit, 4 KiB pages"
        ),
        pytest.param(
            _V1, {"memory/memory.limit_in_bytes": "9223372036854710272"}, None, id="v1, no limit, 64 KiB pages"
        ),
    ],
)
def test_memory(membership: str, files: dict[str, str], limit: int | None, tmp_path: Path) -> None:
    """The memory limit is the smallest of our group and of those above it, in bytes."""
    assert memory_limit(_tree(tmp_path, files), membership) == limit


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"cpu.max": "lots 100000"}, "cpu.max: 'lots' is no number"),
        ({"cpu.max": ""}, "cpu.max: '' is no number"),
        ({"cpu.max": "100000"}, "cpu.max: '' is no number"),
        ({"cpu.max": "100000 0"}, "cpu.max: the period is 0"),
        ({"cpu.max": "-1 100000"}, "cpu.max: '-1' is no number"),
        ({"cpu.max": "1_0 100000"}, "cpu.max: '1_0' is no number"),
    ],
)
def test_garbage_is_refused_by_name(files: dict[str, str], says: str, tmp_path: Path) -> None:
    """A file that says what no kernel says raises CgroupError with its name."""
    with pytest.raises(CgroupError, match=says):
        cpu_quota(_tree(tmp_path, files), "0::/")


@pytest.mark.parametrize("line", ["garbage", "0:/", "x::/", "0::relative", "0::"])
def test_other_membership_is_refused(line: str, tmp_path: Path) -> None:
    """A text that is no /proc/self/cgroup raises CgroupError that quotes the line."""
    with pytest.raises(CgroupError, match=f"'{line}' is not number:controllers:/path"):
        memory_limit(tmp_path, f"0::/\n{line}\n")


@given(st.text(max_size=20) | st.builds("{}:{}:/{}".format, st.integers(0, 9), st.just("cpu"), st.text(max_size=300)))
def test_any_membership_is_read_or_refused(membership: str) -> None:
    """No text leads out of the root or to anything but a number, None or a CgroupError."""
    try:
        assert cpu_quota(Path("/nonexistent"), membership) is None
    except CgroupError:
        return


@pytest.mark.skipif(sys.platform != "linux", reason="control groups are Linux's")
def test_this_machine() -> None:
    """The groups of the machine the tests run on are understood."""
    membership = Path("/proc/self/cgroup").read_text(encoding="utf-8")
    quota = cpu_quota(Path("/sys/fs/cgroup"), membership)
    assert quota is None or quota > 0
    limit = memory_limit(Path("/sys/fs/cgroup"), membership)
    assert limit is None or limit > 2**20
