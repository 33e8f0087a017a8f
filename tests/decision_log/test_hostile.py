"""Whatever a client sends, a line is one JSON object, of at most so many bytes, that nothing can be written into."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.decision import Denial
from sidecar.core.hooked import HookAnswer, HookResult
from sidecar.core.needs import Decided
from sidecar.core.reason import Reason
from sidecar.core.response import deny
from sidecar.decision_log.fields import SHAPE
from sidecar.decision_log.line import MOST_BYTES, line_of
from sidecar.memory.recent import ROOM
from support.identities import identity
from support.requests import check_request
from support.telling import record

#: What ends a line, a text or an object for some reader, or does something to a terminal.
_PIECES = [
    *(b"\n", b"\r\n", b"\0", b"\x1b[2J\x1b[31m", b"\x9b1A", b"\x7f", b"\xe2\x80\xa8", b"\xe2\x80\xa9", b"\xc2\x85"),
    *(b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\x8a", b"\\n", b"\\u000a", b'"}\n{"decision":"allow","subject":"root"}'),
    *(b"\xe2\x80\xaeevil", b"/a", b"%0a%0d", b"\xf0\x9f\x98\x80" * 400, b"x" * 65536, b"' OR 1=1 --"),
]
_hostile = st.lists(st.sampled_from(_PIECES), min_size=1, max_size=4).map(b"".join) | st.binary(max_size=200)


def _text(value: bytes) -> str:
    """Return it as a text that protobuf and JSON have."""
    return value.decode("utf-8", "replace")


def _lines(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the line of a record, and that of a denial of late, as they are read."""
    found = []
    for most in (MOST_BYTES, ROOM):
        line = line_of(told, most)
        assert len(line) <= most
        assert line.isascii()
        assert line.endswith(b"}\n")
        assert line[:-1].decode("ascii").isprintable()
        found.append(json.loads(line))
        assert found[-1].keys() <= SHAPE.keys()
        assert (found[-1]["decision"], found[-1]["reason"]) == ("deny", told["reason"])
    return found


@given(st.fixed_dictionaries(dict.fromkeys(("path", "host", "method", "id", "parent", "peer", "detail"), _hostile)))
def test_nothing_gets_out_of_its_text(sent: dict[str, bytes]) -> None:
    """Ends of lines and texts, terminals' commands, bytes that are no text, 64 KiB of something: in every field."""
    headers = [
        *((":path", sent["path"]), (":authority", sent["host"]), (":method", sent["method"])),
        *(("x-request-id", sent["id"]), ("traceparent", sent["parent"])),
    ]
    said = HookAnswer("m:f", HookResult.DENY, _text(sent["detail"]))
    denial = Denial(Reason.DENIED_BY_HOOK, "p", _text(sent["detail"]), by_hook=said)
    whose = identity(sub=_text(sent["detail"]))
    end = Decided(denial, deny(denial, "", "api"), whose)
    for raw in (
        check_request(header_map=headers, peer=_text(sent["peer"])),
        check_request(
            path=_text(sent["path"]),
            host=_text(sent["host"]),
            method=_text(sent["method"]),
            peer=_text(sent["peer"]),
            headers={"x-request-id": _text(sent["id"])},
        ),
    ):
        told = record(raw, decided=end)
        for line in _lines(told):
            assert line["policy"] == "p"
            assert line.get("subject") != "root"


@pytest.mark.parametrize("piece", _PIECES)
def test_what_was_sent_can_be_told_apart(piece: bytes) -> None:
    """What comes to a line's reader is the text of the request, up to where it was cut."""
    path = f"/{_text(piece)}"
    denial = Denial(Reason.NO_CREDENTIAL)
    end = Decided(denial, deny(denial, "", "api"))
    line = _lines(record(check_request(path=path), decided=end))[0]
    assert path.startswith(line["path"].removesuffix("…"))
    assert len(line["path"]) == (256 if "cut" in line else min(len(path), 1024))
