"""Header blocks that differ in nothing but values that nobody reads (RFC 7541, section 6.2).

With tracing each call has another ``traceparent``, so that no block comes twice. What is the same in all of them is the
rest. We ask peers for a dynamic table of no size (SETTINGS_HEADER_TABLE_SIZE), so that a block means the same whenever
it comes; and of a block that was decoded we keep the pieces between the values that are not read::

    ┌──────────────────────────────┬──────┬─────────┬─────────────────┬──────┬─────────┬──────┐
    │ :method … traceparent's name │ size │ (value) │ tracestate's …  │ size │ (value) │ rest │
    └──────────────────────────────┴──────┴─────────┴─────────────────┴──────┴─────────┴──────┘

A block with the very same pieces has the same fields, but for those values. That saves 100 µs a check.

INVARIANT: asked only while the table has no size. A piece ends behind a name, the piece after it begins behind the
value: as all bytes before are those of a block that was decoded, there are fields where that block had fields.

Of the values left out, neither the coding nor the characters are looked at (RFC 9113, section 8.2.1): nobody uses them.
"""

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from sidecar.transport.native.header_cut import fields_of, size_at

_Meaning = TypeVar("_Meaning")

#: Fields that mean something to us, pseudo-headers apart. Of all others the value is not looked at.
READ = frozenset((b"content-length", b"content-type", b"grpc-encoding", b"grpc-timeout", b"te"))
#: Pieces that are kept: Envoy has one shape for each tracer, retry and client that sends ``tracestate``.
_MOST_PIECES = 64
#: Sizes of the pieces that may come at one place.
_MOST_SIZES = 4


class _Place(Generic[_Meaning]):
    """A place in a block, behind a value. What may come: a piece, by its size; or the last one, and what it means.

    Pieces end behind a name.
    """

    __slots__ = ("last", "pieces")

    def __init__(self) -> None:
        self.pieces: dict[int, dict[bytes, _Place[_Meaning]]] = {}
        self.last: dict[bytes, _Meaning] = {}

    def following(self, part: bytes) -> "_Place[_Meaning]":
        """Return the place behind a piece, a new one if need be."""
        if len(part) not in self.pieces and len(self.pieces) >= _MOST_SIZES:
            del self.pieces[next(iter(self.pieces))]
        return self.pieces.setdefault(len(part), {}).setdefault(part, _Place())


class HeaderShapes(Generic[_Meaning]):
    """The shapes of one connection's blocks, and what each means."""

    __slots__ = ("_begin", "_count")

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Forget all shapes."""
        self._begin: _Place[_Meaning] = _Place()
        self._count = 0

    def find(self, block: bytes) -> _Meaning | None:
        """Return what a block of known shape means, else ``None``; raises ``H2ConnectionError`` for a size cut off."""
        place, at, end = self._begin, 0, len(block)
        while at <= end:
            if place.last and (meaning := place.last.get(block[at:])) is not None:
                return meaning
            for size, pieces in place.pieces.items():
                following = pieces.get(block[at : at + size])
                if following is not None:
                    break
            else:
                return None
            value_at = at + size
            if value_at >= end:
                return None
            length, behind = size_at(block, value_at)
            place, at = following, behind + length
        return None

    def learn(self, block: bytes, names: Iterable[bytes], meaning: _Meaning) -> bool:
        """Keep the shape of a block that was decoded to fields of these ``names``, in their order.

        Return whether it has one: whether there are values in it that are not read.
        """
        *parts, last = _pieces(block, names)
        if not parts:
            return False
        self._count += len(parts) + 1
        if self._count > _MOST_PIECES:
            self.forget()
            self._count = len(parts) + 1
        place = self._begin
        for part in parts:
            place = place.following(part)
        place.last[last] = meaning
        return True


def _pieces(block: bytes, names: Iterable[bytes]) -> Iterator[bytes]:
    """Cut a block behind each name whose value is not read, and leave these values out."""
    begin = 0
    for name, (value_at, end) in zip(names, fields_of(block), strict=True):
        if value_at < end and not is_read(name):
            yield block[begin:value_at]
            begin = end
    yield block[begin:]


def is_read(name: bytes) -> bool:
    """Say whether a field's value means something to us."""
    return name[:1] == b":" or name in READ
