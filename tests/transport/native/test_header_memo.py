"""The memo of header blocks is never wrong: held against ``hpack`` alone."""

from collections.abc import Iterable, Sequence

import pytest
from hpack import Decoder, Encoder, HPACKError, NeverIndexedHeaderTuple
from hpack.hpack import encode_integer
from hpack.huffman import HuffmanEncoder
from hpack.huffman_constants import REQUEST_CODES, REQUEST_CODES_LENGTH
from hypothesis import given
from hypothesis import strategies as st

from sidecar.transport.native.errors import ErrorCode, H2ConnectionError
from sidecar.transport.native.header_cut import LARGE_VALUE_BYTES, SMALL_BYTES, pieces
from sidecar.transport.native.header_memo import Fields, HeaderMemo
from sidecar.transport.native.header_shapes import READ
from sidecar.transport.native.limits import Limits

LIMITS = Limits(max_header_list_bytes=1_000_000, max_header_fields=5000)
NAMES = st.sampled_from(["a", "b", ":path", "grpc-timeout", "x-" + "n" * 60])
VALUES = st.sampled_from(["", "1", "2", "/a/b", "v" * 50, "w" * 240])
#: Name, value, and whether it may be put into the table.
LISTS = st.lists(st.tuples(NAMES, VALUES, st.booleans()), max_size=6)
SIZES = st.sampled_from([0, 40, 100, 300, 4096])


def read(fields: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[bytes, bytes], ...]:
    """Return fields without the values that nobody reads: those may be another block's."""
    return tuple((name, value if name in READ or name[:1] == b":" else b"") for name, value in fields)


def memo(limits: Limits = LIMITS) -> HeaderMemo[tuple[tuple[bytes, bytes], ...]]:
    """Return a memo that keeps the fields themselves."""
    return HeaderMemo(limits, tuple)


@given(st.lists(st.tuples(LISTS, st.none() | SIZES, st.integers(1, 3)), max_size=25))
def test_it_says_what_hpack_says(blocks: list[tuple[list[tuple[str, str, bool]], int | None, int]]) -> None:
    """Over blocks that insert, evict, change the table's size and repeat, whatever was remembered."""
    encoder, alone, ours = Encoder(), Decoder(1_000_000), memo()
    for fields, size, times in blocks:
        for _ in range(times):
            if size is not None:
                encoder.header_table_size = size
            block = encoder.encode([field[:2] if field[2] else NeverIndexedHeaderTuple(*field[:2]) for field in fields])
            assert read(ours.request(block)) == read(alone.decode(block, raw=True))


@given(st.lists(st.tuples(st.binary(max_size=12), st.integers(1, 3)), max_size=25))
def test_it_says_what_hpack_says_of_any_bytes(blocks: list[tuple[bytes, int]]) -> None:
    """Random blocks refer to what others before them left in the table, or are broken for both."""
    alone, ours = Decoder(1_000_000), memo()
    for block, times in blocks:
        for _ in range(times):
            try:
                wanted = read(alone.decode(block, raw=True))
            except HPACKError:
                with pytest.raises(H2ConnectionError) as refused:
                    ours.request(block)
                assert refused.value.code is ErrorCode.COMPRESSION_ERROR
                return
            assert read(ours.request(block)) == wanted


def test_block_is_decoded_once() -> None:
    """What a block means is looked up, not made again."""
    read: list[Fields] = []

    def note(fields: Fields) -> Fields:
        read.append(fields)
        return fields

    ours: HeaderMemo[Fields] = HeaderMemo(LIMITS, note)
    block = Encoder().encode([NeverIndexedHeaderTuple("a", "1")])
    assert ours.request(block) is ours.request(block)
    assert len(read) == 1


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(b"\x40\x01b\x012", id="an insertion"),
        pytest.param(b"\x20", id="a table of no size"),
        pytest.param(b"\x3f\xe1\x1f", id="a table of the same size"),
    ],
)
@pytest.mark.parametrize("trailers", [False, True])
def test_change_of_the_table_drops_all(change: bytes, trailers: bool) -> None:  # noqa: FBT001 - a parameter
    """Whether it stands in a request or in trailers. What made the change is not remembered either."""
    ours = memo()
    ours.request(b"\x82\x84")
    assert list(ours.known) == [b"\x82\x84"]
    (ours.fields if trailers else ours.request)(change)
    assert ours.known == {}


def test_memo_is_bounded() -> None:
    """A peer that never repeats a block fills neither memory nor time."""
    ours = memo()
    for number in range(1000):
        ours.request(b"\x00\x01a\x04%04d" % number)
    assert len(ours.known) <= 64
    large = b"\x00\x01a\x7f\xff\x7f" + bytes(127 + 255 + 126 * 128)
    with pytest.raises(H2ConnectionError):
        ours.request(large[:-1])
    ours = memo()
    ours.request(b"\x00\x01a\x7f\x81\x2e" + b"v" * (127 + 1 + 46 * 128))
    assert ours.known == {}


def test_header_list_over_the_limit_ends_the_connection() -> None:
    """Names and values, and 32 bytes for each (RFC 9113, section 6.5.2): a table reference is small and means much."""
    limits = Limits(max_header_list_bytes=65536, max_header_fields=1000)
    ours = memo(limits)
    ours.request(b"\x40\x01a\x7f\x81\x1e" + b"v" * (127 + 1 + 30 * 128))
    assert len(ours.request(b"\xbe" * 15)) == 15
    with pytest.raises(H2ConnectionError) as refused:
        ours.request(b"\xbe" * 17)
    assert refused.value.code is ErrorCode.ENHANCE_YOUR_CALM


def test_header_list_over_the_limit_is_found_in_pieces_too() -> None:
    """Each of which is within it."""
    ours = memo(Limits(max_header_list_bytes=65536, max_header_fields=1000))
    assert len(ours.request(literal(b"\x00", b"a", b"v" * 80) * 500)) == 500
    with pytest.raises(H2ConnectionError) as refused:
        ours.request(literal(b"\x00", b"a", b"v" * 80) * 600)
    assert refused.value.code is ErrorCode.ENHANCE_YOUR_CALM


@pytest.mark.parametrize(("most", "size"), [(200, 201), (1000, 1001), (1000, 9000)])
def test_too_many_fields_end_the_connection(most: int, size: int) -> None:
    """In a small block and in one that is cut into pieces."""
    ours = memo(Limits(max_header_fields=most))
    assert len(ours.request(b"\x82" * most)) == most
    with pytest.raises(H2ConnectionError) as refused:
        ours.request(b"\x82" * size)
    assert refused.value.code is ErrorCode.ENHANCE_YOUR_CALM


def literal(head: bytes, name: bytes, value: bytes) -> bytes:
    """Return a literal with a name of its own, not Huffman-coded."""
    return head + string_size(len(name)) + name + string_size(len(value)) + value


def string_size(size: int, *, huffman: bool = False) -> bytes:
    """Return a string's size, as it stands before the string."""
    coded = encode_integer(size, 7)
    coded[0] |= 0x80 if huffman else 0
    return bytes(coded)


def coded(head: bytes, octet: int, times: int) -> bytes:
    """Return a literal whose value is an octet so many times, Huffman-coded: 5, 13 or 30 bits each time."""
    value = HuffmanEncoder(REQUEST_CODES, REQUEST_CODES_LENGTH).encode(bytes((octet,)) * times)
    return head + b"\x01a" + string_size(len(value), huffman=True) + value


HEADS = st.sampled_from([b"\x00", b"\x10", b"\x40"])
FIELD_BYTES = st.one_of(
    st.binary(min_size=1, max_size=4),
    st.builds(literal, HEADS, st.binary(max_size=100), st.binary(max_size=100)),
    st.builds(literal, HEADS, st.just(b"a"), st.integers(250, 300).map(bytes)),
    st.builds(literal, HEADS, st.just(b"a"), st.integers(4060, 4100).map(bytes)),
    st.builds(coded, HEADS, st.sampled_from(b"0~\n"), st.integers(4060, 4100)),
    st.sampled_from([b"\x82", b"\xbe", b"\x0f\x10\x03abc", b"\x04\x02/a", b"\x20", b"\x3f\xe1\x1f", b"\x7f\x00\x01x"]),
)


Pairs = list[tuple[bytes, bytes]]


def decoded(cut: Sequence[bytes]) -> tuple[Pairs, Pairs] | None:
    """Return what pieces mean, one after the other, and the table after them; ``None`` where they are broken."""
    decoder = Decoder(10_000_000)
    try:
        pairs: Pairs = [pair for piece in cut for pair in decoder.decode(piece, raw=True)]
    except HPACKError:
        return None
    return pairs, list(decoder.header_table.dynamic_entries)


@given(st.lists(FIELD_BYTES, max_size=30), st.integers(1, 400))
def test_cut_block_means_what_the_whole_one_does(fields: list[bytes], times: int) -> None:
    """Whatever stands in it: cut between fields, or broken either way. Large values alone may be missing."""
    block = b"".join(fields)
    block *= min(times, 1 + 100_000 // (len(block) + 1))
    whole = decoded([block])
    try:
        cut = list(pieces(block))
    except H2ConnectionError:
        assert whole is None
        return
    ours = decoded(cut)
    if b"".join(cut) == block:
        assert ours == whole
    elif whole is not None:
        assert ours is not None
        assert ours[1] == whole[1]
        assert [name for name, _ in ours[0]] == [name for name, _ in whole[0]]
        differ = [(mine, value) for (_, mine), (_, value) in zip(ours[0], whole[0], strict=True) if mine != value]
        assert all(mine in (b"", b"." * 4097) and len(value) > 60 for mine, value in differ)


@pytest.mark.parametrize(
    ("field", "is_read"),
    [
        pytest.param(literal(b"\x40", b"b", b"v" * 4096), True, id="which is as large as the table"),
        pytest.param(literal(b"\x40", b"b", b"v" * 4097), False, id="which is larger"),
        pytest.param(literal(b"\x4f", b"", b"v" * 4097).replace(b"\0", b"", 1), False, id="with an indexed name"),
        pytest.param(coded(b"\x40", ord("\n"), 4096), True, id="coded and as large as the table"),
        pytest.param(coded(b"\x40", ord("\n"), 4098), False, id="coded and larger, with the longest code"),
        pytest.param(coded(b"\x40", ord("0"), 30_000), False, id="coded and larger, with the shortest code"),
    ],
)
def test_value_larger_than_the_table_empties_it_unread(field: bytes, is_read: bool) -> None:  # noqa: FBT001 - a parameter
    """What cannot be put into the table empties it (RFC 7541, section 4.4)."""
    before, alone, ours = literal(b"\x40", b"a", b"1"), Decoder(1_000_000), memo()
    ours.request(before)
    alone.decode(before)
    wanted = alone.decode(field, raw=True)
    found = ours.request(field)
    assert (found == tuple(wanted)) is is_read
    assert [name for name, _ in found] == [name for name, _ in wanted]
    assert list(ours._table.dynamic_entries) == list(alone.header_table.dynamic_entries) == []
    with pytest.raises(H2ConnectionError):
        ours.request(b"\xbe")


def test_large_values_are_not_read() -> None:
    """A literal's becomes empty, and its name stays; what is put into the table is read: others may refer to it."""
    large, small = b"l" * (LARGE_VALUE_BYTES - 1), b"s" * (LARGE_VALUE_BYTES - 2)  # and two bytes of size
    block = literal(b"\x00", b"a", large) + literal(b"\x10", b"b", large) + literal(b"\x40", b"c", large)
    block += literal(b"\x00", b"d", small) + b"\xbe"
    assert len(block) > SMALL_BYTES
    assert list(memo().request(block)) == [(b"a", b""), (b"b", b""), (b"c", large), (b"d", small), (b"c", large)]


def test_block_of_a_million_fields_is_read_up_to_the_limit() -> None:
    """A large block of small fields is refused once its first fields are counted, before the rest is copied about."""
    ours = memo(Limits(max_header_list_bytes=64 * 1024 * 1024))
    with pytest.raises(H2ConnectionError) as refused:
        ours.request(b"\x00\x00\x00" * 1_000_000)
    assert refused.value.code is ErrorCode.ENHANCE_YOUR_CALM


@pytest.mark.parametrize("huffman", [False, True])
def test_large_metadata_is_taken(huffman: bool) -> None:  # noqa: FBT001 - a parameter
    """What Envoy can be told to take of a client, 8 MiB, arrives as tracestate."""
    size = 8 * 1024 * 1024
    block = b"\x10\x0atracestate" + string_size(size, huffman=huffman) + b"t" * size + literal(b"\x00", b"x", b"y")
    assert list(memo(Limits()).request(block)) == [(b"tracestate", b""), (b"x", b"y")]


def test_fields_that_are_taken_by_default() -> None:
    """Ten times what Envoy sends, and no more: each may be a byte that stands for 4 KiB."""
    ours = memo(Limits())
    assert len(ours.request(b"\x82" * 128)) == 128
    with pytest.raises(H2ConnectionError):
        ours.request(b"\x82" * 129)
