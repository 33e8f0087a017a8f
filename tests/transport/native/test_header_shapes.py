"""Blocks that differ in values nobody reads: what is read of them is what ``hpack`` alone would say."""

from collections.abc import Sequence

import pytest
from hpack import Decoder, Encoder, HPACKError, NeverIndexedHeaderTuple
from hypothesis import given
from hypothesis import strategies as st

from sidecar.transport.native.errors import ErrorCode, H2ConnectionError
from sidecar.transport.native.header_memo import Fields, HeaderMemo
from sidecar.transport.native.header_rules import malformed_request
from sidecar.transport.native.header_shapes import READ, HeaderShapes
from sidecar.transport.native.limits import Limits

#: Some that are read, some that are not, one of which is another one's beginning.
NAMES = st.sampled_from([":path", "te", "grpc-timeout", "traceparent", "trace", "x-b3-traceid"])
#: Some with names or whole fields in them, and one whose size takes more than a byte.
VALUES = st.sampled_from(["", "1", "00-4bf92f3577b34da6-01", "traceparent", "te\x08trailers", "v" * 200]) | st.text(
    "0123456789abcdef", max_size=40
)
LISTS = st.lists(st.tuples(NAMES, VALUES, st.booleans()), min_size=1, max_size=6)
NO_TABLE = b"\x20"


def read(fields: Fields) -> tuple[tuple[bytes, bytes], ...]:
    """Return the fields that are read."""
    return tuple(field for field in fields if field[0][:1] == b":" or field[0] in READ)


def memo() -> HeaderMemo[tuple[tuple[bytes, bytes], ...]]:
    """Return a memo whose peer has given up its table."""
    ours = HeaderMemo(Limits(), read)
    ours.fields(NO_TABLE)
    return ours


def encoded(fields: Sequence[tuple[str, str, bool]], *, huffman: bool = True) -> bytes:
    """Return a block for a table of no size, with fields that are never indexed and others."""
    encoder = Encoder()
    encoder.header_table_size = 0
    chosen = [field[:2] if field[2] else NeverIndexedHeaderTuple(*field[:2]) for field in fields]
    return encoder.encode(chosen, huffman=huffman)[1:]


@given(st.lists(st.tuples(LISTS, st.booleans()), max_size=20))
def test_what_is_read_is_what_hpack_says(blocks: list[tuple[list[tuple[str, str, bool]], bool]]) -> None:
    """Whatever shapes came before, and in whatever order they come again."""
    ours, alone = memo(), Decoder()
    alone.decode(NO_TABLE)
    for fields, huffman in blocks * 2:
        block = encoded(fields, huffman=huffman)
        assert ours.request(block) == read(tuple(alone.decode(block, raw=True)))


@given(
    st.lists(LISTS, min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=3),
    st.integers(0, 300),
)
def test_bent_blocks(learnt: list[list[tuple[str, str, bool]]], bends: list[tuple[int, int]], length: int) -> None:
    """A block with any bytes changed, or cut off, is never taken for one with other fields that are read."""
    ours, alone = memo(), Decoder()
    alone.decode(NO_TABLE)
    for fields in learnt:
        ours.request(encoded(fields))
    bent = bytearray(encoded(learnt[-1]))
    for at, byte in bends:
        bent[at % len(bent)] = byte
    block = bytes(bent[:length])
    found = ours.recall(block)
    if found is None:
        return
    try:
        said = read(tuple(alone.decode(block, raw=True)))
    except HPACKError:
        # Broken in a value that is not read, at the most: its coding is not looked at, its size is.
        return
    assert found == said


@pytest.mark.parametrize("value", ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "", "x"])
def test_known_shape_is_not_decoded(value: str) -> None:
    """The next call's block has another ``traceparent``, and is not decoded again."""
    ours = memo()
    fields = [(":path", "/a", False), ("traceparent", "00-abc", False), ("te", "trailers", False)]
    first = ours.request(encoded(fields))
    assert ours.recall(encoded([fields[0], ("traceparent", value, False), fields[2]])) is first
    assert ours.recall(encoded([fields[0], ("traceparent", value, False)])) is None
    assert ours.recall(encoded([(":path", "/b", False), *fields[1:]])) is None


def test_last_value() -> None:
    """A shape may end with a value that is not read; one that ends before it, or claims to go on, is another."""
    shapes: HeaderShapes[str] = HeaderShapes()
    block = encoded([(":path", "/a", False), ("traceparent", "00-abc", False)], huffman=False)
    assert shapes.learn(block, (b":path", b"traceparent"), "it")
    assert shapes.find(block) == "it"
    assert [shapes.find(block[:cut]) for cut in range(len(block))] == [None] * len(block)
    assert shapes.find(block + b"x") is None


def test_not_while_there_is_a_table() -> None:
    """With a table of some size the same bytes may mean something else."""
    ours: HeaderMemo[Fields] = HeaderMemo(Limits(), read)
    block = encoded([(":path", "/a", False), ("traceparent", "00-abc", False)])
    ours.request(block)
    assert ours.recall(encoded([(":path", "/a", False), ("traceparent", "00-def", False)])) is None


def test_shapes_are_bounded() -> None:
    """Thousands of shapes do not fill the memory."""
    shapes: HeaderShapes[int] = HeaderShapes()
    for number in range(1000):
        block = encoded([(f"x-{number}", "1", False), (":path", "/", False)])
        assert shapes.learn(block, (f"x-{number}".encode(), b":path"), number)
        assert shapes.find(block) == number
    assert shapes._count <= 64


def test_a_broken_value_is_its_own_blocks_alone() -> None:
    """One call with a NUL in a value that nobody reads is malformed, and the next one of its shape is not."""
    ours: HeaderMemo[str] = HeaderMemo(Limits(), malformed_request)
    ours.fields(NO_TABLE)
    usual = [(":method", "POST", False), (":scheme", "http", False), (":path", "/a", False)]
    blocks = [encoded([*usual, ("traceparent", value, False)]) for value in ("a\0b", "00-abc", "00-def")]
    assert [bool(ours.request(block)) for block in blocks] == [True, False, False]
    assert ours.recall(blocks[2]) == ""


@pytest.mark.parametrize("other", ["1S", "500m"])
def test_mixed_callers(other: str) -> None:
    """Clients with and without ``tracestate``, long or short, and other deadlines: each shape is decoded once."""
    ours = memo()
    states = [[], [("tracestate", "a=1", False)], [("tracestate", "v" * 180, False)]]
    shapes = [
        [(":path", "/a", False), ("grpc-timeout", timeout, False), ("traceparent", "00-abc", False), *state]
        for timeout in ("200m", other)
        for state in states
    ]
    for shape in shapes:
        ours.request(encoded(shape))
    for shape in shapes:
        again = encoded(
            [(*field[:2], field[2]) if field[0] != "traceparent" else ("traceparent", "x", False) for field in shape]
        )
        assert ours.recall(again) == read([(name.encode(), value.encode()) for name, value, _ in shape])


def test_blocks_that_are_large_are_not_looked_up() -> None:
    """Larger than what is kept: such a block is cut, decoded and counted as any other."""
    ours = memo()
    ours.request(encoded([("traceparent", "1", False), (":path", "/a", False)]))
    assert ours.recall(encoded([("traceparent", "v" * 3000, False), (":path", "/a", False)])) is None


def test_no_table_once_our_settings_are_acknowledged() -> None:
    """From then on a peer that gives itself a table is refused (RFC 7541, section 4.2); none, it may always have."""
    ours = memo()
    ours.fields(b"\x3f\x45")
    ours.no_table_from_now_on()
    ours.fields(NO_TABLE)
    with pytest.raises(H2ConnectionError) as refused:
        ours.fields(b"\x21")
    assert refused.value.code is ErrorCode.COMPRESSION_ERROR
