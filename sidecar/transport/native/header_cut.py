"""Large header blocks, made cheap to decode (RFC 7541, section 6).

With tracing a client's ``tracestate`` reaches us, and all that is done for it is done at the client's wish. Of 60 KiB,
Huffman-coded, ``hpack`` would make 9 ms, a thousand times what a check costs. So the values of large literals, which we
do not need, are not read: they become empty. What is put into the table is read, as others may refer to it, but for a
value that is larger than the table: an attempt to add it empties the table, whatever it is (RFC 7541, section 4.4).

And ``hpack`` copies the rest of a block for each literal in it: a block of 1 MiB in fields of 3 bytes would be 180 GB
of copying. Cut between fields into pieces of some KiB, it takes time in proportion to its size.
"""

from collections.abc import Iterator

from sidecar.transport.native.errors import ErrorCode, H2ConnectionError

#: Up to it a block is decoded as it is.
SMALL_BYTES = 256
#: Beyond it the value of a literal, with its size, is not read. All that mean anything to us are a few dozen bytes.
LARGE_VALUE_BYTES = 256
_PIECE_BYTES = 8192
_INTO_TABLE, _HUFFMAN = 0x40, 0x80
#: What a peer's table may have until it has seen our SETTINGS (RFC 7540's default, and RFC 9113's).
_TABLE_BYTES = 4096
#: Bits of the longest Huffman code (RFC 7541, appendix B): how few bytes a coded value may have.
_LONGEST_CODE_BITS = 30
#: The value that stands for one that is larger than the table: as it is, so that it empties the table.
_TOO_LARGE = b"\x7f\x82\x1f" + b"." * (_TABLE_BYTES + 1)
#: A size in one byte is 7 bits, not all of them set (section 5.1).
_MOST_IN_A_BYTE = 0x7F
#: Bytes of an integer beyond its prefix: as ``hpack`` takes them.
_INTEGER_BYTES = 5


def pieces(block: bytes) -> Iterator[bytes]:
    """Cut a block between fields; raises ``H2ConnectionError`` (COMPRESSION_ERROR) where there is no field's end."""
    parts: list[bytes] = []
    at = size = 0
    begun = False
    while at < len(block):
        # A change of the table's size may stand at a block's beginning alone (section 4.2): in the first piece, where
        # hpack sees to it.
        if begun and block[at] & 0xE0 == 0x20:  # noqa: PLR2004 - 001, section 6.3
            raise broken()
        value_at, end = _field(block, at)
        parts.append(block[at:value_at] + _value(block, at, value_at, end))
        size += len(parts[-1])
        at = end
        if size >= _PIECE_BYTES:
            yield b"".join(parts)
            parts, size, begun = [], 0, True
    yield b"".join(parts)


def fields_of(block: bytes) -> Iterator[tuple[int, int]]:
    """Yield for each field where its value begins, or its end where it has none, and its end.

    A change of the table's size is no field. Raises ``H2ConnectionError`` as ``pieces`` does.
    """
    at = 0
    while at < len(block):
        is_field = block[at] & 0xE0 != 0x20  # noqa: PLR2004 - 001, section 6.3
        value_at, at = _field(block, at)
        if is_field:
            yield value_at, at


def size_at(block: bytes, at: int) -> tuple[int, int]:
    """Read the size of a string (section 5.2); return it and where it ends. Raises ``H2ConnectionError``."""
    size = block[at] & _MOST_IN_A_BYTE
    return (size, at + 1) if size < _MOST_IN_A_BYTE else _integer(block, at, 7)


def _field(block: bytes, at: int) -> tuple[int, int]:
    """Return where a field's value begins, or the end where there is no value; and the field's end."""
    first = block[at]
    if first & 0x80:  # indexed, section 6.1
        end = _integer(block, at, 7)[1]
        return end, end
    if first & 0xE0 == 0x20:  # noqa: PLR2004 - a change of size, section 6.3
        end = _integer(block, at, 5)[1]
        return end, end
    index, at = _integer(block, at, 6 if first & _INTO_TABLE else 4)  # literals, section 6.2
    if index == 0:
        at = _after_string(block, at)
    return at, _after_string(block, at)


def _value(block: bytes, at: int, value_at: int, end: int) -> bytes:
    """Return the value of the field at ``at``, with its size, or what stands for it."""
    if end - value_at <= LARGE_VALUE_BYTES:
        return block[value_at:end]
    if not block[at] & _INTO_TABLE:
        return b"\0"
    size, _ = _integer(block, value_at, 7)
    least = (8 * size - 7) // _LONGEST_CODE_BITS if block[value_at] & _HUFFMAN else size
    return block[value_at:end] if least <= _TABLE_BYTES else _TOO_LARGE


def _after_string(block: bytes, at: int) -> int:
    size, at = _integer(block, at, 7)
    if at + size > len(block):
        raise broken()
    return at + size


def _integer(block: bytes, at: int, prefix_bits: int) -> tuple[int, int]:
    """Read an integer (section 5.1); return it and where it ends."""
    if at >= len(block):
        raise broken()
    most = (1 << prefix_bits) - 1
    value = block[at] & most
    at += 1
    if value < most:
        return value, at
    for shift, byte in enumerate(block[at : at + _INTEGER_BYTES]):
        value += (byte & 0x7F) << 7 * shift
        if byte < 0x80:  # noqa: PLR2004 - its last byte
            return value, at + shift + 1
    raise broken()


def broken() -> H2ConnectionError:
    """Return the error of a block that cannot be read."""
    return H2ConnectionError(ErrorCode.COMPRESSION_ERROR, "a header block that is no HPACK")
