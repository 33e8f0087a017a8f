"""Masks and hashes of fields."""

import pytest

from sidecar.core.strict_json import Json
from sidecar.decision_log.masks import Masks
from sidecar.decision_log.pointer import parse

_KEY = bytes(range(32))


def _record() -> dict[str, Json]:
    return {
        "subject": "alice",
        "status": 403,
        "audited": ["a", "b"],
        "dry_run": {"decision": "deny", "policy": "p"},
        "hooks": [{"hook": "m:f", "result": "deny"}],
    }


@pytest.mark.parametrize(
    ("pointer", "changed"),
    [
        ("/subject", {"subject": "***"}),
        ("/status", {"status": "***"}),
        ("/audited", {"audited": "***"}),
        ("/audited/1", {"audited": ["a", "***"]}),
        ("/audited/2", {}),
        ("/dry_run/policy", {"dry_run": {"decision": "deny", "policy": "***"}}),
        ("/dry_run", {"dry_run": "***"}),
        ("/hooks/0/hook", {"hooks": [{"hook": "***", "result": "deny"}]}),
        ("/hooks/1/hook", {}),
        ("/path", {}),
    ],
)
def test_masked(pointer: str, changed: dict[str, Json]) -> None:
    """The value behind a pointer is masked, and nothing else is."""
    record = _record()
    Masks((parse(pointer),)).apply(record)
    assert record == _record() | changed


def test_what_is_not_there_stays_so() -> None:
    """Nothing is told of a subject that there is none."""
    record: dict[str, Json] = {"subject": None}
    Masks((parse("/subject"),), (parse("/subject"),), _KEY).apply(record)
    assert record == {"subject": None}


def test_hash() -> None:
    """The same value has the same hash under one key, and another under another; no part of it is in it."""
    found = []
    for subject, key in (("alice", _KEY), ("alice", _KEY), ("bob", _KEY), ("alice", _KEY[::-1])):
        record: dict[str, Json] = {"subject": subject}
        Masks((), (parse("/subject"),), key).apply(record)
        found.append(record["subject"])
    assert found[0] == found[1]
    assert len({str(one) for one in found}) == 3
    assert all(str(one).startswith("hash:") and len(str(one)) == 5 + 32 for one in found)


def test_mask_of_a_hash_hides_it() -> None:
    """Both of one field is a mask."""
    record: dict[str, Json] = {"subject": "alice"}
    Masks((parse("/subject"),), (parse("/subject"),), _KEY).apply(record)
    assert record == {"subject": "***"}


def test_key_is_in_no_repr() -> None:
    """Whoever prints the masks does not print their key."""
    assert repr(_KEY) not in repr(Masks((), (), _KEY))
