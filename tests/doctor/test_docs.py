"""docs/doctor.md has every finding and every field as the code has them, and nothing else."""

import json
import re
from dataclasses import fields, replace
from pathlib import Path

from sidecar.doctor import wire
from sidecar.doctor.finding import findings
from sidecar.doctor.finding.kinds import KINDS, At
from sidecar.doctor.snapshot import FileFact, Given, Made, Running, SocketFact
from support.snapshots import WELL, given

_PAGE = (Path(__file__).parent.parent.parent / "docs/doctor.md").read_text(encoding="utf-8")


def _rows(section: str) -> list[str]:
    return re.findall(r"^\| `.*$", _PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0], re.MULTILINE)


def _named(field: str) -> set[str]:
    (row,) = (row for row in _rows("JSON") if row.startswith(f"| `{field}`"))
    return set(re.findall(r"`([a-z_]+)`", row.partition(" | ")[2])) - {"null"}


def _names(of: type) -> set[str]:
    return {field.name for field in fields(of)}


def test_findings() -> None:
    """Each with severity, when it is made, and where to change something."""
    assert _rows("Findings") == [
        f"| `{name}` | {kind.severity.value} | {kind.meaning} | {kind.at.value} |" for name, kind in KINDS.items()
    ]


def test_fields() -> None:
    """Each part has the fields that the page names."""
    assert _named("given") == _names(Given)
    assert _named("made") == _names(Made) | {
        "memory_bytes",
        "process",
        "cpu",
        "node",
        "name",
        "shared_bytes",
        "process_bytes",
    }
    assert _named("running") == _names(Running)
    assert _named("files") == _names(FileFact)
    assert _named("socket") == _names(SocketFact) | {"native", "forward_auth"}
    assert {at.value for at in At} < _named("findings")


def test_document() -> None:
    """The document has those parts, sets as arrays in order, and the findings."""
    snapshot = replace(given(clock_synchronised=False), running=Running(2, 0, 5))
    document = json.loads(wire.encode(snapshot, findings(snapshot), ["a: b"], ["c"]))
    assert [f"| `{name}` |" for name in document] == [row.partition(" |")[0] + " |" for row in _rows("JSON")]
    assert (document["version"], document["given"]["cpus"]) == (1, [2, 3])
    assert document["made"]["memory_bytes"] == sum(
        one["shared_bytes"] + one["process_bytes"] for one in document["made"]["memory"]
    )
    assert [one["id"] for one in document["findings"]] == ["clock_unsynchronised"]
    assert (document["problems"], document["unknown"]) == (["a: b"], ["c"])
    bare = json.loads(wire.encode(replace(WELL, made=None, socket=None), [], [], []))
    assert [bare[name] for name in ("made", "running", "socket", "forward_auth_socket")] == [None] * 4
