"""Which trace each call belongs to, where calls are traced: ``HeaderMemo``, with a look at what it leaves out.

Envoy has another ``traceparent`` in each call, and nearly all of them say "not sampled". So that is what is found out
first, on the bytes as they are coded, in half a microsecond; only of the others the value is decoded.

```
block ─> shape ─> where traceparent's value is ─┬ "00" at its end ──> the shape's own head
                                                └ anything else ────> decoded ─> CallTracer ─> a head of its own
```
"""

from collections.abc import Callable, Sequence
from typing import Final

from sidecar.transport.native.head import Head
from sidecar.transport.native.header_cut import fields_of, size_at
from sidecar.transport.native.header_memo import Fields, HeaderMemo, value_of
from sidecar.transport.native.header_shapes import is_read
from sidecar.transport.native.limits import Limits
from sidecar.transport.native.methods import Unary
from sidecar.transport.tracing import TRACEPARENT, TRACESTATE

_PARENT, _STATE = TRACEPARENT.encode(), TRACESTATE.encode()
_HUFFMAN = 0x80
#: How a coded value ends that ends with "-00" (RFC 7541, appendix B): - is 010110 and 0 is 00000, and up to seven bits
#: of 1 fill the last byte. So there are eleven zeros between a 1 and these; the bits in front may be any.
_END_BITS: Final = 19
_END_MASK: Final = (1 << _END_BITS) - 1
_NOT_SAMPLED: Final = frozenset(
    front << filled + 12 | 1 << filled + 11 | (1 << filled) - 1
    for filled in range(8)
    for front in range(1 << _END_BITS - filled - 12)
)


#: Bytes of a traceparent that is coded: 55 characters, of 5 or 6 bits each.
_FEWEST, _MOST, _PLAIN = 35, 42, 55


class TracedHeads:
    """One connection's header decoder, as ``HeaderMemo`` is. ``read`` makes a ``Head`` of a list of fields."""

    __slots__ = ("_memo", "known")

    def __init__(self, limits: Limits, read: Callable[[Fields], Head]) -> None:
        self._memo = HeaderMemo(limits, lambda fields: _Shape(fields, read(fields)))
        #: For ``fast_path``: there is no block of which its bytes alone say what it means.
        self.known: dict[bytes, Head] = {}

    def request(self, block: bytes) -> Head:
        """Return what a block means; raises ``H2ConnectionError``."""
        return self._memo.request(block).of(block)

    def recall(self, block: bytes) -> Head | None:
        """Return what a block means whose shape was met before."""
        shape = self._memo.recall(block)
        return None if shape is None else shape.of(block)

    def fields(self, block: bytes) -> Fields:
        """Return a block's fields; raises ``H2ConnectionError``."""
        return self._memo.fields(block)

    def no_table_from_now_on(self) -> None:
        """Take no table any more."""
        self._memo.no_table_from_now_on()


class _Shape:
    """What a block was decoded to, and with it all that differ from it in nothing but values that are not read."""

    __slots__ = ("_block", "_head", "_names", "_parents", "_states", "_to_parent", "_to_state", "_tracer", "_usual")

    def __init__(self, fields: Fields, head: Head) -> None:
        self._head = head
        self._names = tuple(name for name, _ in fields)
        self._parents, self._states = _values(fields, _PARENT), _values(fields, _STATE)
        self._tracer = head.method.tracer if isinstance(head.method, Unary) else None
        #: For every call of it, where it names no trace, or nobody wants to know.
        self._usual: Head | None = None
        if self._tracer is None or len(self._parents) != 1:
            self._usual = self._named((), ())
        #: The block that was decoded, and the way to the two values in all that are like it: see ``_way``. Empty where
        #: a value is in the peer's table: then all that are like it are the very same.
        self._block: bytes | None = None
        self._to_parent: tuple[int, ...] | None = None
        self._to_state: tuple[int, ...] = ()

    def of(self, block: bytes) -> Head:
        """Return what a block of this shape means."""
        if self._usual is not None:
            return self._usual
        way = self._to_parent
        if way is None:
            return self._first(block)
        if not way:
            return self._named(self._parents, self._states)
        at = way[0] if len(way) == 1 else _walk(block, way)
        if _is_not_sampled(block, at):
            return self._head
        states = (value_of(block, _walk(block, self._to_state)),) if self._to_state else ()
        return self._named((value_of(block, at),), states)

    def _first(self, block: bytes) -> Head:
        """Do so for the block that was decoded, and for the one after it: most are never met again."""
        if self._block is None:
            self._block = block
            return self._named(self._parents, self._states)
        self._to_parent = _way(self._block, self._names, _PARENT)
        self._to_state = _way(self._block, self._names, _STATE)
        return self.of(block)

    def _named(self, parents: Sequence[str], states: Sequence[str]) -> Head:
        answer = None if self._tracer is None else self._tracer(parents, states)
        return self._head if answer is None else self._head.answered_by(answer)


def _values(fields: Fields, name: bytes) -> tuple[str, ...]:
    return tuple(value.decode("latin-1") for found, value in fields if found == name)


def _way(block: bytes, names: Sequence[bytes], name: bytes) -> tuple[int, ...]:
    """Return the sizes of the pieces up to the first value of ``name``, with values that are not read between them.

    As ``header_shapes`` cuts a block: these pieces are the same in all blocks of a shape.
    """
    sizes: list[int] = []
    begin = 0
    for found, (at, end) in zip(names, fields_of(block), strict=True):
        if at < end and not is_read(found):
            sizes.append(at - begin)
            if found == name:
                return tuple(sizes)
            begin = end
    return ()


def _walk(block: bytes, way: tuple[int, ...]) -> int:
    """Return where the value's size stands."""
    at = way[0]
    for size in way[1:]:
        length, behind = size_at(block, at)
        at = behind + length + size
    return at


def _is_not_sampled(block: bytes, at: int) -> bool:
    """Say whether a traceparent ends with "-00", by the bytes it is coded with; false: it is to be looked at."""
    size = block[at]
    if size == _PLAIN:
        return block[at + _PLAIN - 2 : at + _PLAIN + 1] == b"-00"
    end = at + 1 + size - _HUFFMAN
    is_usual = _FEWEST <= size - _HUFFMAN <= _MOST
    return is_usual and int.from_bytes(block[end - 3 : end], "big") & _END_MASK in _NOT_SAMPLED
