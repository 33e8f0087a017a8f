"""Where calls are traced: of each block, however it is coded, that trace is told of which decoding it would name."""

from collections.abc import Collection, Sequence

import pytest
from hpack import Encoder, NeverIndexedHeaderTuple
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.tracing.context import read_context
from sidecar.transport.native.head import Head
from sidecar.transport.native.limits import Limits
from sidecar.transport.native.methods import Unary
from sidecar.transport.native.traced_heads import TracedHeads
from sidecar.transport.tracing import Answer

_TRACE, _SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
_SAMPLED = f"00-{_TRACE}-{_SPAN}-01"
_NOT = f"00-{_TRACE}-{_SPAN}-00"
_HEX = "0123456789abcdef"
_USUAL = [(":method", "POST"), (":scheme", "http"), (":path", "/check"), ("content-type", "application/grpc")]
_NO_TABLE = b"\x20"

Fields = Sequence[tuple[str, str]]


class _Tracer:
    """Says that a call is traced where its metadata say so, or name nothing; remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[Sequence[str], Sequence[str]]] = []

    def __call__(self, parents: Sequence[str], states: Sequence[str]) -> Answer | None:
        self.told.append((parents, states))
        named = read_context(parents, states)
        if named is None:
            return lambda _message, _seconds: b"unnamed"
        return (lambda _message, _seconds: f"{named}".encode()) if named.sampled else None


def _plain(_message: bytes, _seconds: float | None) -> bytes:
    return b"plain"


def _heads(tracer: _Tracer, *, table: bool = False) -> TracedHeads:
    methods = {b"/check": Unary(_plain, tracer=tracer), b"/other": Unary(_plain)}
    heads = TracedHeads(Limits(), lambda fields: Head(fields, methods))
    if not table:
        heads.fields(_NO_TABLE)
    return heads


def _encoded(fields: Fields, *, huffman: bool = True) -> bytes:
    encoder = Encoder()
    encoder.header_table_size = 0
    return encoder.encode([NeverIndexedHeaderTuple(*one) for one in fields], huffman=huffman)[1:]


def _answer(head: Head | None) -> bytes:
    assert head is not None
    assert head.direct is not None
    answer = head.direct(b"", None)
    assert isinstance(head.method, Unary)
    assert isinstance(answer, bytes)
    assert head.method.answer(b"", None) == answer
    return answer


def _expected(fields: Fields) -> Collection[bytes]:
    """Return what may come of it: what is no traceparent but ends as one that is not sampled may count as one."""
    parents = [value for name, value in fields if name == "traceparent"]
    states = [value for name, value in fields if name == "tracestate"]
    named = read_context(parents, states)
    if named is None:
        return (b"unnamed", b"plain") if [one[-3:] for one in parents] == ["-00"] else (b"unnamed",)
    return (f"{named}".encode() if named.sampled else b"plain",)


_PARENT = st.builds("00-{}-{}-{}".format, *(st.text(_HEX, min_size=n, max_size=n) for n in (32, 16, 2)))
_FLAGGED = st.sampled_from([_SAMPLED, _NOT]) | st.builds(
    "00-{}-{}-{}".format,
    st.text(_HEX, min_size=32, max_size=32),
    st.text(_HEX, min_size=16, max_size=16),
    st.sampled_from(["00", "01", "02", "03"]),
)
_VALUES = _FLAGGED | _PARENT | st.text(_HEX + "-", max_size=40)
_NAMES = st.sampled_from(["traceparent", "tracestate", "x-b3", "te", "grpc-timeout"])
_OTHERS = {"te": "trailers", "grpc-timeout": "200m"}


@st.composite
def _lists(draw: st.DrawFn) -> list[tuple[str, str]]:
    names = draw(st.lists(_NAMES, max_size=5, unique_by=lambda name: name if name in _OTHERS else object()))
    values = (
        _OTHERS.get(name) or draw(_VALUES if name == "traceparent" else st.text("ab=,-01", max_size=40))
        for name in names
    )
    return [*_USUAL, *zip(names, values, strict=True)]


@settings(max_examples=60)
@given(st.lists(st.tuples(_lists(), st.booleans()), min_size=1, max_size=6))
def test_as_decoding_would_have_it(blocks: list[tuple[list[tuple[str, str]], bool]]) -> None:
    """Whatever came before on the connection, and by whichever way it is found out."""
    heads = _heads(_Tracer())
    for fields, huffman in blocks:
        block = _encoded(fields, huffman=huffman)
        for _ in range(2):
            found = heads.recall(block)
            if found is not None:
                assert _answer(found) in _expected(fields)
            assert _answer(heads.request(block)) in _expected(fields)


@given(
    trace=st.text(_HEX, min_size=32, max_size=32),
    span=st.text(_HEX, min_size=16, max_size=16),
    flags=st.text(_HEX, min_size=2, max_size=2),
    huffman=st.booleans(),
)
def test_every_way_a_value_may_end(trace: str, span: str, flags: str, huffman: bool) -> None:  # noqa: FBT001 - drawn
    """Coded bits end anywhere in a byte: of none that is sampled it is said that it is not."""
    heads = _heads(_Tracer())
    heads.request(_encoded([*_USUAL, ("traceparent", _SAMPLED)], huffman=huffman))
    fields = [*_USUAL, ("traceparent", f"00-{trace}-{span}-{flags}")]
    assert _answer(heads.recall(_encoded(fields, huffman=huffman))) in _expected(fields)


@pytest.mark.parametrize("huffman", [True, False])
def test_what_is_not_sampled_costs_no_tracer(huffman: bool) -> None:  # noqa: FBT001 - one way of coding or the other
    """Of a call that is not sampled nobody is told, once its shape is known: its head is the same for all."""
    tracer = _Tracer()
    heads = _heads(tracer)
    first = _encoded([*_USUAL, ("traceparent", _NOT), ("tracestate", "a=1")], huffman=huffman)
    plain = heads.request(first)
    others = [
        _encoded([*_USUAL, ("traceparent", f"00-{n:032x}-{n:016x}-00"), ("tracestate", "a=1")], huffman=huffman)
        for n in range(1, 200)
    ]
    tracer.told.clear()
    assert {heads.recall(one) for one in others} == {plain}
    assert tracer.told == []


def test_a_clients_own_bytes_are_not_taken_for_it() -> None:
    """A tracestate in front of it, with a whole field in it, is a tracestate."""
    for huffman in (True, False):
        forged = _encoded([("traceparent", _SAMPLED)], huffman=huffman).decode("latin-1")
        for value in (forged, "traceparent" + _SAMPLED):
            heads = _heads(_Tracer())
            heads.request(_encoded([*_USUAL, ("tracestate", "x"), ("traceparent", _NOT)], huffman=huffman))
            block = _encoded([*_USUAL, ("tracestate", value), ("traceparent", _NOT[:-4] + "1-00")], huffman=huffman)
            assert _answer(heads.recall(block)) == b"plain"


def test_with_a_table() -> None:
    """While the peer has a dynamic table its values may stand there, and are found all the same."""
    heads = _heads(_Tracer(), table=True)
    encoder = Encoder()
    for value in (_SAMPLED, _SAMPLED, _NOT, _SAMPLED, _NOT):
        fields = [*_USUAL, ("traceparent", value)]
        block = encoder.encode(fields)
        assert _answer(heads.recall(block) or heads.request(block)) in _expected(fields)


def test_methods_that_nobody_traces() -> None:
    """Such as gRPC's health service: as without tracing."""
    tracer = _Tracer()
    heads = _heads(tracer)
    fields = [*_USUAL[:2], (":path", "/other"), _USUAL[3], ("traceparent", _SAMPLED)]
    head = heads.request(_encoded(fields))
    assert _answer(head) == b"plain"
    assert heads.recall(_encoded([*fields[:-1], ("traceparent", _SAMPLED[:-4] + "1-01")])) is head
    assert tracer.told == []


def test_what_a_call_is_besides() -> None:
    """Its deadline, and what is said of a message that is too large, are as without tracing."""
    methods = {b"/check": Unary(_plain, lambda: b"too large", _Tracer())}
    heads = TracedHeads(Limits(), lambda fields: Head(fields, methods))
    fields = [*_USUAL, ("grpc-timeout", "2S"), ("traceparent", _SAMPLED)]
    head = heads.request(_encoded(fields))
    plain = Head([(name.encode(), value.encode()) for name, value in fields], methods)
    assert (head.timeout, head.limit, head.content_length, head.malformed) == (2.0, plain.limit, None, "")
    assert isinstance(head.method, Unary)
    assert head.method.too_large is not None
    assert head.method.too_large() == b"too large"


def test_a_large_tracestate_is_not_read() -> None:
    """As anywhere; its trace is told of without it."""
    tracer = _Tracer()
    heads = _heads(tracer)
    for state in ("a=1", "a=" + "v" * 400, "b=" + "v" * 400):
        heads.request(_encoded([*_USUAL, ("traceparent", _SAMPLED), ("tracestate", state)]))
    assert [states for _, states in tracer.told] == [("a=1",), ("",), ("",)]
