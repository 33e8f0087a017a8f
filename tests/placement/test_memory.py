"""How much memory of a control group is in use."""

from pathlib import Path

import pytest

from sidecar.placement.memory import Memory, memory_of

_STAT = "anon 1000\ninactive_file 300\nactive_file 50"
_V1 = "5:memory:/docker/c1\n4:cpu,cpuacct:/docker/c1\n"


@pytest.mark.parametrize(
    ("membership", "files", "found"),
    [
        pytest.param(
            "0::/\n",
            {"memory.max": "5000", "memory.current": "2000", "memory.stat": _STAT},
            Memory(1700, 5000),
            id="v2, less what is given back at once",
        ),
        pytest.param("0::/\n", {"memory.max": "5000", "memory.current": "2000"}, Memory(2000, 5000), id="v2, no stat"),
        pytest.param("0::/\n", {"memory.max": "max", "memory.current": "2000"}, None, id="v2, no limit"),
        pytest.param("0::/\n", {"memory.max": "5000"}, None, id="v2, nothing said of use"),
        pytest.param(
            "0::/a/b\n",
            {
                "a/b/memory.max": "5000",
                "a/b/memory.current": "1000",
                "a/memory.max": "9000",
                "a/memory.current": "8000",
            },
            Memory(8000, 9000),
            id="v2, the parent is nearer to its limit",
        ),
        pytest.param(
            "0::/\n",
            {"memory.max": "5000", "memory.current": "100", "memory.stat": "inactive_file 300"},
            Memory(0, 5000),
            id="v2, read at two instants",
        ),
        pytest.param(
            _V1,
            {
                "memory/docker/c1/memory.limit_in_bytes": "5000",
                "memory/docker/c1/memory.usage_in_bytes": "2000",
                "memory/docker/c1/memory.stat": "cache 5\ntotal_inactive_file 500",
            },
            Memory(1500, 5000),
            id="v1",
        ),
        pytest.param(
            _V1,
            {"memory/memory.limit_in_bytes": "9223372036854771712", "memory/memory.usage_in_bytes": "2000"},
            None,
            id="v1, no limit",
        ),
        pytest.param("0::/\n", {"memory.max": "plenty", "memory.current": "2000"}, None, id="what no kernel says"),
        pytest.param("0::/\n", {"memory.max": "0", "memory.current": "2000"}, None, id="nothing to have a share of"),
        pytest.param("nonsense\n", {"memory.max": "5000", "memory.current": "2000"}, None, id="no membership"),
        pytest.param("", {}, None, id="no groups at all"),
    ],
)
def test_memory_of_a_group(tmp_path: Path, membership: str, files: dict[str, str], found: Memory | None) -> None:
    """Use and limit are those of the group that is nearest to its limit."""
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n", encoding="utf-8")
    assert memory_of(tmp_path, membership) == found
