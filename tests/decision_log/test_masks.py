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


@pytest.mark.parametrize("hashed", [False, True])
@pytest.mark.parametrize(
    ("field", "text", "shown"),
    [
        ("path", "/users/alice@example/x", "/users/***/x"),
        ("path", "/users/alice%40example", "***"),
        ("path", "/users/bob%40example", "/users/bob%40example"),
        ("detail", "alice@example is over the limit", "*** is over the limit"),
        ("host", "alice@example.api", "***.api"),
        ("request_id", "alice@example-1", "***-1"),
        ("policy", "alice@example", "alice@example"),
    ],
)
def test_what_is_masked_stands_nowhere_else(field: str, text: str, shown: str, hashed: bool) -> None:  # noqa: FBT001 - a table
    """Whoever else has put the value into the request or said it: it goes. Names of the configuration stay."""
    paths = (parse("/subject"),)
    record: dict[str, Json] = {"subject": "alice@example", field: text}
    Masks(() if hashed else paths, paths if hashed else (), _KEY).apply(record)
    assert record[field] == shown
    assert str(record["subject"]).startswith("hash:" if hashed else "***")


def test_short_values_are_in_any_word() -> None:
    """A value of a few characters is masked in its place alone."""
    record: dict[str, Json] = {"subject": "or", "path": "/orders"}
    Masks((parse("/subject"),)).apply(record)
    assert record == {"subject": "***", "path": "/orders"}


def test_key_is_in_no_repr() -> None:
    """Whoever prints the masks does not print their key."""
    assert repr(_KEY) not in repr(Masks((), (), _KEY))
