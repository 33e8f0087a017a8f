"""Records as lines."""

import json

from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.reason import Reason
from sidecar.core.strict_json import Json
from sidecar.decision_log.fields import SHAPE
from sidecar.decision_log.line import MOST_BYTES, line_of
from sidecar.memory.recent import ROOM

_TEXTS = (
    "policy",
    "issuer",
    "subject",
    "method",
    "host",
    "path",
    "address",
    "request_id",
    "detail",
    "process",
    "version",
)
#: What else there may be in a record, at its longest.
_OTHERS: dict[str, Json] = {
    "time": "2026-01-01T12:00:00.250000Z",
    "decision": "would_deny",
    "reason": max(Reason, key=len).value,
    "status": 503,
    "rule": 10_000,
    "duration": 1.2345678e-05,
    "cache": "none",
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "mode": "enforced",
    "one_in": 1_000_000,
}


@given(st.dictionaries(st.sampled_from(_TEXTS), st.text(max_size=40)))
def test_one_line(record: dict[str, str]) -> None:
    """Whatever is in a record, it is one line of ASCII, and JSON that says the same."""
    line = line_of(record)
    assert line.isascii()
    assert line.endswith(b"\n")
    assert len(line.decode().splitlines()) == 1
    assert not any(character < 0x20 for character in line[:-1])
    assert json.loads(line) == record


@given(st.dictionaries(st.sampled_from(_TEXTS), st.text(max_size=1024)), st.sampled_from([ROOM, MOST_BYTES]))
def test_bounded(texts: dict[str, str], most: int) -> None:
    """It is never longer than it may be; what was cut is the beginning of what it was, and ends with a mark."""
    record = {**_OTHERS, **texts}
    line = line_of(record, most)
    found = json.loads(line)
    assert len(line) <= most
    assert found.pop("cut", False) is (found != record)
    assert {name: found[name] for name in _OTHERS} == _OTHERS
    assert all(texts[name].startswith(found[name].removesuffix("…")) for name in texts if name in found)


def test_largest() -> None:
    """The largest record there may be fits."""
    largest = "\U0001f600" * 1024
    record: dict[str, Json] = {**_OTHERS, **dict.fromkeys(_TEXTS, largest), "audited": [largest], "hooks": [largest]}
    for most in (ROOM, MOST_BYTES):
        found = json.loads(line_of(record, most))
        assert len(line_of(record, most)) <= most
        assert found.keys() == record.keys() - {"audited", "hooks", "detail"} | {"cut"}
    assert record.keys() <= SHAPE.keys()


def test_ends_of_lines_that_are_none() -> None:
    """U+2028, U+2029 and U+0085 are escapes: some readers take them for ends of lines."""
    line = line_of({"path": "\u2028\u2029\x85\r\n"})
    assert line == b'{"path":"\\u2028\\u2029\\u0085\\r\\n"}\n'
