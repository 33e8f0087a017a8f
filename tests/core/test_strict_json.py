"""Strict JSON: an object that every reader reads alike, or a refusal."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.strict_json import MAX_DEPTH, Json, JsonError, loads_object

_REFUSED = {
    "nothing": b"",
    "white space": b"  ",
    "an array": b"[]",
    "a string": b'"a"',
    "null": b"null",
    "a number": b"1",
    "byte-order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "UTF-16 without mark": '{"a":1}'.encode("utf-16-le"),
    "Latin-1": b'{"a":"\xe9"}',
    "overlong UTF-8": b'{"a":"\xc0\xaf"}',
    "surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}',
    "trailing comma": b'{"a":1,}',
    "trailing text": b"{}x",
    "two objects": b"{}{}",
    "trailing NUL": b"{}\0",
    "comment": b"{}//",
    "single quotes": b"{'a':1}",
    "no quotes": b"{a:1}",
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":Infinity}',
    "-Infinity": b'{"a":[-Infinity]}',
    "1e400": b'{"a":1e400}',
    "-1e400": b'{"a":-1e400}',
    "10**400": b'{"a":1' + b"0" * 400 + b"}",
    "5000 digits": b'{"a":1' + b"0" * 5000 + b"}",
    "leading zero": b'{"a":01}',
    "plus": b'{"a":+1}',
    "hexadecimal": b'{"a":0x1}',
    "a point without digits": b'{"a":1.}',
    "raw control character": b'{"a":"\n"}',
    "raw NUL": b'{"a":"\0"}',
    "bad escape": b'{"a":"\\x41"}',
    "lone high surrogate": b'{"a":"\\ud800"}',
    "lone low surrogate": b'{"a":"\\udc00"}',
    "surrogates in the wrong order": b'{"a":"\\udc00\\ud800"}',
    "lone surrogate in a name": b'{"\\ud800":1}',
    "lone surrogate far inside": b'{"a":[{"b":["\\uDFFF"]}]}',
    "duplicate": b'{"a":1,"a":1}',
    "duplicate by escape": b'{"a":1,"\\u0061":2}',
    "duplicate inside": b'{"a":{"b":1,"b":2}}',
    "duplicate in a list": b'{"a":[{"b":1,"b":2}]}',
    "recursion": b'{"a":' + b"[" * 100_000,
    "recursion, closed": b'{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
}

_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    # No surrogates: hypothesis' default text has none.
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize("data", _REFUSED.values(), ids=_REFUSED)
def test_refused(data: bytes) -> None:
    """What is not strict JSON, or not an object, is refused."""
    with pytest.raises(JsonError):
        loads_object(data)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"{}", {}),
        (b' \t\r\n{ "a" : 1 } ', {"a": 1}),
        (b'{"a":"\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        (b'{"a":1e308,"b":-0.0,"c":1E+2}', {"a": 1e308, "b": -0.0, "c": 100.0}),
        (b'{"a":[{"x":1},{"x":2}]}', {"a": [{"x": 1}, {"x": 2}]}),
        (b'{"a":"A","A":"a"}', {"a": "A", "A": "a"}),
    ],
)
def test_accepted(text: bytes, value: Json) -> None:
    """White space, pairs of surrogates, large numbers and like names in different objects are all fine."""
    assert loads_object(text) == value


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize(("levels", "fits"), [(MAX_DEPTH, True), (MAX_DEPTH + 1, False)])
def test_depth(opening: str, closing: str, levels: int, fits: bool) -> None:  # noqa: FBT001 - a table
    """Sixteen levels, the outermost object counted, are read, and one more is refused."""
    data = ('{"a":' + opening * (levels - 1) + "1" + closing * (levels - 1) + "}").encode()
    if fits:
        assert loads_object(data)
    else:
        with pytest.raises(JsonError, match="deeply"):
            loads_object(data)


def test_many_brackets_are_not_depth() -> None:
    """Brackets side by side, or in strings, are no nesting."""
    data = json.dumps({"a": [[]] * 100, "b": "[" * 100}).encode()
    assert loads_object(data)["b"] == "[" * 100


@given(st.dictionaries(st.text(), _JSON, max_size=4))
def test_agrees_with_json(value: dict[str, Json]) -> None:
    """What ``json`` writes is read back as it was."""
    assert loads_object(json.dumps(value).encode()) == value


@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,\\u0aeE+-.1 nulltrfs', max_size=60).map(str.encode))
def test_never_another_exception(data: bytes) -> None:
    """Any bytes give an object or a ``JsonError``."""
    with contextlib.suppress(JsonError):
        assert isinstance(loads_object(data), dict)


_AROUND = st.text("  \t\n\r\v\f\u00a0\0x{}", max_size=4)


@given(_AROUND, _AROUND)
def test_around_an_object(before: str, behind: str) -> None:
    """White space of RFC 8259 alone may stand around it, and what is refused says where, both as in the library."""
    text = f'{before}{{"a":1}}{behind}'
    try:
        expected, problem = json.loads(text), ""
    except ValueError as error:
        expected, problem = None, str(error)
    if not problem:
        assert loads_object(text.encode()) == expected
        return
    with pytest.raises(JsonError) as refused:
        loads_object(text.encode())
    assert str(refused.value) == problem
