"""``traceparent`` and ``tracestate`` are read as W3C Trace Context has them, and what is not so is no context."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.tracing.context import (
    MAX_STATE,
    TraceContext,
    bounded_tracestate,
    context_of,
    parse_traceparent,
    read_context,
    trace_id_of,
)

_TRACE, _SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
_GOOD = f"00-{_TRACE}-{_SPAN}-01"
_STATES = ["1", "v" * 100, "v" * 130, "v" * 256, "v" * 257, "=", ""]
_HEX = st.text("0123456789abcdef", min_size=32, max_size=32)


@pytest.mark.parametrize(
    ("value", "sampled"),
    [
        (_GOOD, True),
        (f"00-{_TRACE}-{_SPAN}-00", False),
        (f"00-{_TRACE}-{_SPAN}-03", True),  # "random" beside it
        (f"00-{_TRACE}-{_SPAN}-02", False),
        (f"00-{_TRACE}-{_SPAN}-ff", True),
        (f"01-{_TRACE}-{_SPAN}-01", True),
        (f"cc-{_TRACE}-{_SPAN}-01-what-the-future-will-be-like", True),
        (f"cc-{_TRACE}-{_SPAN}-00-", False),
    ],
)
def test_good_values(value: str, sampled: bool) -> None:  # noqa: FBT001 - an expectation
    """Of any version but ff; of the flags the one bit alone counts."""
    assert parse_traceparent(value) == TraceContext(_TRACE, _SPAN, sampled)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "foo",
        _GOOD + "-",
        _GOOD + "-01",
        _GOOD + ".",
        _GOOD[:-1],
        _GOOD[1:],
        " " + _GOOD,
        _GOOD + "\n",
        _GOOD.upper(),
        _GOOD.replace("b", "B"),
        _GOOD.replace("4bf9", "4bg9"),
        _GOOD.replace("-", "_"),
        _GOOD.replace("4bf9", "٤bf9"),  # a digit, but none of ASCII's
        f"ff-{_TRACE}-{_SPAN}-01",
        f"0-{_TRACE}-{_SPAN}-01",
        f"000-{_TRACE}-{_SPAN}-01",
        f"00-{'0' * 32}-{_SPAN}-01",
        f"00-{_TRACE}-{'0' * 16}-01",
        f"00-{_TRACE[:-1]}-{_SPAN}-01",
        f"00-{_TRACE}0-{_SPAN}-01",
        f"00-{_TRACE}-{_SPAN}0-01",
        f"00-{_TRACE}-{_SPAN}-1",
        f"00-{_TRACE}-{_SPAN}-001",
        f"cc-{_TRACE}-{_SPAN}-01.what",
        f"{_GOOD},{_GOOD}",
        f"cc-{_TRACE}-{_SPAN}-01-,{_GOOD}",
    ],
)
def test_what_is_none(value: str) -> None:
    """Wrong case, length, characters, version; ids of zeros; several."""
    assert parse_traceparent(value) is None
    assert context_of({"traceparent": value, "tracestate": "a=1"}) is None
    assert trace_id_of({"traceparent": value}) == ""


@given(trace=_HEX, span=_HEX, flags=st.integers(0, 255), version=st.integers(0, 254))
def test_whatever_is_written_is_read(trace: str, span: str, flags: int, version: int) -> None:
    """Ids come back as they are; zeros are none."""
    found = parse_traceparent(f"{version:02x}-{trace}-{span[:16]}-{flags:02x}")
    if set(trace) == {"0"} or set(span[:16]) == {"0"}:
        assert found is None
    else:
        assert found == TraceContext(trace, span[:16], bool(flags & 1))


@given(st.text() | st.text("0123456789abcdef-,A ", max_size=80))
def test_anything_is_read_without_an_error(value: str) -> None:
    """And if it is a context, it can be written again, and means the same."""
    found = parse_traceparent(value)
    if found is not None:
        again = f"00-{found.trace_id}-{found.span_id}-{int(found.sampled):02x}"
        assert parse_traceparent(again) == found


def test_one_traceparent_and_no_more() -> None:
    """With none or several there is no context, be they the same."""
    assert read_context([]) is read_context([_GOOD, _GOOD]) is None
    assert read_context([_GOOD]) == parse_traceparent(_GOOD)


def test_of_headers() -> None:
    """Both headers, the state of several joined; without a parent the state is nothing."""
    assert context_of({"traceparent": _GOOD, "tracestate": "a=1, b=2"}) == TraceContext(_TRACE, _SPAN, True, "a=1,b=2")  # noqa: FBT003
    assert read_context([_GOOD], ["a=1", "b=2"]) == TraceContext(_TRACE, _SPAN, True, "a=1,b=2")  # noqa: FBT003
    assert context_of({"tracestate": "a=1"}) is context_of({}) is None
    assert trace_id_of({"traceparent": _GOOD}) == _TRACE
    assert trace_id_of({}) == ""


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("foo=1,bar=2", "foo=1,bar=2"),
        (" foo=1 \t,\t bar=2 ", "foo=1,bar=2"),
        ("foo=1,,bar=2,", "foo=1,bar=2"),
        ("a@b=1", "a@b=1"),
        ("0a@b=a b", "0a@b=a b"),
        ("k/*-_=!~", "k/*-_=!~"),
        ("", ""),
        ("foo", ""),
        ("foo=", ""),
        ("=1", ""),
        ("foo=1=2", ""),
        ("Foo=1", ""),
        ("foo =1", ""),
        ("foo=1,foo=2", ""),
        ("foo=1,bar", ""),
        ("a@b@c=1", ""),
        ("a@1=1", ""),
        ("foo=\x7f", ""),
        ("foo=\u00e9", ""),
        (f"{'k' * 256}=1", f"{'k' * 256}=1"),
        (f"{'k' * 257}=1", ""),
        (f"k={'v' * 256}", f"k={'v' * 256}"),
        (f"k={'v' * 257}", ""),
        (",".join(f"k{n}=1" for n in range(32)), ",".join(f"k{n}=1" for n in range(32))),
        (",".join(f"k{n}=1" for n in range(33)), ""),
    ],
)
def test_tracestate(value: str, kept: str) -> None:
    """Members as they are; where one is wrong, or one too many, nothing is kept."""
    assert bounded_tracestate(value) == kept


def test_a_large_tracestate_loses_members() -> None:
    """Long ones first, then the last ones; never a part of one."""
    long, short = f"long={'v' * 200}", [f"k{n}={'v' * 60}" for n in range(8)]
    assert bounded_tracestate(",".join([long, *short])) == ",".join(short)
    assert bounded_tracestate(",".join([*short, "k8=1"])) == ",".join(short)


@given(st.text() | st.lists(st.builds("k{}={}".format, st.integers(0, 40), st.sampled_from(_STATES))).map(",".join))
def test_a_tracestate_is_bounded(value: str) -> None:
    """Whatever comes in, and what is kept is kept once more."""
    kept = bounded_tracestate(value)
    assert len(kept) <= MAX_STATE
    assert bounded_tracestate(kept) == kept
