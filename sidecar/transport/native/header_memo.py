"""Header blocks to what they mean (RFC 7541), each block decoded once.

Envoy's header blocks are all the same. A block that changes no dynamic table decodes to the same list until another
changes it. So what such a block meant is kept, and dropped as soon as a block changes the table. That saves 13 of 20 µs
a check. With tracing no two blocks are the same; ``header_shapes`` is for those.

INVARIANT: what ``known`` says of a block is what decoding it now would say, with the same table after it.
"""

import re
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, cast

from hpack import Decoder, HPACKError, InvalidTableSizeError, OversizedHeaderListError
from hpack.huffman_table import decode_huffman
from hpack.table import HeaderTable

from sidecar.observe.transport_counts import Limit
from sidecar.transport.native.errors import ErrorCode, H2ConnectionError
from sidecar.transport.native.header_cut import LARGE_VALUE_BYTES, SMALL_BYTES, broken, pieces, size_at
from sidecar.transport.native.header_shapes import HeaderShapes
from sidecar.transport.native.limits import Limits

Fields = Sequence[tuple[bytes, bytes]]
_Meaning = TypeVar("_Meaning")

#: Blocks that are kept: Envoy's checks and health checks are two. A longer one is not worth it.
_MAX_BLOCKS = 64
#: What no value has (RFC 9113, section 8.2.1).
_BROKEN = re.compile(rb"[\0\r\n]")
MAX_BLOCK_BYTES = 2048


class HeaderMemo(Generic[_Meaning]):
    """One connection's header decoder. ``read`` makes of a list of fields what is wanted of it."""

    __slots__ = ("_decoder", "_limits", "_read", "_shapes", "_table", "known")

    def __init__(self, limits: Limits, read: Callable[[Fields], _Meaning]) -> None:
        self._limits, self._read = limits, read
        self._decoder = Decoder(limits.max_header_list_bytes)
        self._decoder.header_table = self._table = _WatchedTable()
        #: For ``fast_path``: what blocks mean that change no table. To be looked at, not changed.
        self.known: dict[bytes, _Meaning] = {}
        self._shapes: HeaderShapes[_Meaning] = HeaderShapes()

    def request(self, block: bytes) -> _Meaning:
        """Return what a block means; raises ``H2ConnectionError``.

        Values of fields that nobody reads may be another block's.
        """
        meaning = self.recall(block)
        if meaning is None:
            fields = self.fields(block)
            meaning = self._read(fields)
            if not self._table.changed and len(block) <= MAX_BLOCK_BYTES:
                self._remember(block, fields, meaning)
        return meaning

    def recall(self, block: bytes) -> _Meaning | None:
        """Return what a block means that was met before, or one that differs in nothing that is read."""
        meaning = self.known.get(block)
        if meaning is not None or self._table.maxsize or len(block) > MAX_BLOCK_BYTES:
            return meaning
        return self._shapes.find(block)

    def _remember(self, block: bytes, fields: Fields, meaning: _Meaning) -> None:
        if any(_BROKEN.search(value) for _, value in fields):
            return  # malformed for a value that others of its shape have not
        if not self._table.maxsize and self._shapes.learn(block, (name for name, _ in fields), meaning):
            return
        if len(self.known) >= _MAX_BLOCKS:
            self.known.clear()
        self.known[block] = meaning

    def no_table_from_now_on(self) -> None:
        """Take no table any more: the peer has seen that ours has no size (RFC 7541, section 4.2)."""
        self._table.largest = 0

    def fields(self, block: bytes) -> Fields:
        """Return a block's fields; raises ``H2ConnectionError``: its connection cannot go on, its table is lost.

        The values of large literals are empty (see ``header_cut``).
        """
        self._table.changed = False
        try:
            found = self._in_pieces(block) if len(block) > SMALL_BYTES else self._decode(block)
        except OversizedHeaderListError:
            raise self._too_large() from None
        except HPACKError:
            # Its text is not for peers: some have addresses of our memory.
            raise broken() from None
        if len(found) > self._limits.max_header_fields:
            raise self._too_many()
        if self._table.changed:
            self.known.clear()
            self._shapes.forget()
        return found

    def _in_pieces(self, block: bytes) -> Fields:
        found: list[tuple[bytes, bytes]] = []
        size = 0
        for piece in pieces(block):
            decoded = self._decode(piece)
            found += decoded
            size += sum(32 + len(name) + len(value) for name, value in decoded)
            if size > self._limits.max_header_list_bytes:
                raise self._too_large()
            if len(found) > self._limits.max_header_fields:
                raise self._too_many()
        return found

    def _decode(self, block: bytes) -> Fields:
        return cast("Fields", self._decoder.decode(block, raw=True))

    def _too_large(self) -> H2ConnectionError:
        text = f"a header list of more than {self._limits.max_header_list_bytes} bytes"
        return H2ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, text, Limit.MAX_HEADER_LIST_BYTES)

    def _too_many(self) -> H2ConnectionError:
        text = f"more than {self._limits.max_header_fields} header fields"
        return H2ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, text, Limit.MAX_HEADER_FIELDS)


def value_of(block: bytes, at: int) -> str:
    """Return the value of a literal whose size stands at ``at`` (RFC 7541, section 5.2).

    Empty where it is large, or coded in a way that there is not: as it is with others that nobody reads.
    """
    size, begin = size_at(block, at)
    coded = block[begin : begin + size]
    if size > LARGE_VALUE_BYTES:
        return ""
    try:
        value: bytes = decode_huffman(coded) if block[at] & 0x80 else coded
    except HPACKError:
        return ""
    return value.decode("latin-1")


_SET_SIZE: Callable[[HeaderTable, int], None] = vars(HeaderTable)["maxsize"].fset


class _WatchedTable(HeaderTable):
    """A dynamic table that notes whatever may have changed it."""

    changed = False
    #: The size that a peer may choose. One that says nothing of it after our SETTINGS may go on with what it has.
    largest = 4096

    def add(self, name: bytes, value: bytes) -> None:
        # Where nothing fits in, adding changes nothing.
        self.changed = self.changed or self._maxsize > 0
        super().add(name, value)

    @property
    def maxsize(self) -> int:
        return self._maxsize

    @maxsize.setter
    def maxsize(self, newmax: int) -> None:
        self.changed = True
        if newmax > self.largest:
            raise InvalidTableSizeError("larger than what we said")
        _SET_SIZE(self, newmax)
