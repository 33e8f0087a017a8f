"""A report's JSON: what is no report is refused in one line, and what is newer is read as far as it is known."""

import json

import pytest

from sidecar.report.wire import WireError, decode, encode
from support.reports import after

_GOOD = json.loads(encode(after()))


def test_fields_that_are_not_known_are_passed_over() -> None:
    """A later sidecar may tell more."""
    more = _GOOD | {"later": 1, "setup": _GOOD["setup"] | {"later": 2}}
    assert decode(json.dumps(more).encode()) == after()


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (b"", "the document"),
        (b"[]", "the document"),
        (b"{}", "version"),
        (json.dumps(_GOOD | {"windows": 5}).encode(), "windows"),
        (json.dumps(_GOOD | {"version": 2}).encode(), "version 2; this is made for version 1"),
        (json.dumps(_GOOD | {"setup": {}}).encode(), "setup.multiprocessing"),
        (b"\xff\xfe", "the document"),
    ],
)
def test_what_is_no_report(document: bytes, problem: str) -> None:
    """It is refused with its place, in one line, and without what was sent."""
    with pytest.raises(WireError) as refused:
        decode(document)
    assert problem in str(refused.value)
    assert "\n" not in str(refused.value)
