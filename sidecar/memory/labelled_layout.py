"""Where counters lie whose names are found as they occur, and how such a name is written.

A region of 8-byte words in the machine's byte order, which begins at a multiple of 64 bytes::

    ┌─────────────────┬───────┬────────┬────────┬───┐
    │ fixed counters  │ zeros │ cell 0 │ cell 1 │ … │
    │ u64 …           │       │        │        │   │
    └─────────────────┴───────┴────────┴────────┴───┘

    a cell, of 512 bytes
     0       8          16                                                         512
     ┌───────┬──────────┬──────────────────────────────────────────────────────────┐
     │ count │ checksum │ each label's value: its length (u8) and UTF-8 …, zeros   │
     │ u64   │ u64      │                                                          │
     └───────┴──────────┴──────────────────────────────────────────────────────────┘

The checksum is xxh3_64 of all that follows it, seeded with the layout's version, so that zeros are no name.
"""

from dataclasses import dataclass
from hashlib import blake2b

from xxhash import xxh3_64_digest

from sidecar.memory.layout import LINE

WORD = 8
CELL = 512
#: Within a cell.
CHECKSUM_AT, NAME_AT = 8, 16
_ROOM = CELL - NAME_AT
#: Raise it with every change of the layout.
_VERSION = 1
_LONGEST_LENGTH = 255
#: Of a value that is too long: what stands for the rest, ``~`` and 16 hexadecimal digits.
_DIGEST_BYTES, _CUT_BYTES = 8, 17

#: The value of what there is no room for.
OTHER = "other"

Labels = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LabelledSchema:
    """Counters of one family. ``fixed`` are the label values that are known beforehand, ``cells`` the room for others.

    The values of the first ``closed`` labels are those that are in ``fixed``, and no others: of each combination of
    these, with ``OTHER`` for all that follow, there must be a fixed counter. Raises ``ValueError`` where not all of
    ``fixed`` have as many values as there are ``labels``, or such a counter is missing.
    """

    labels: Labels = ()
    closed: int = 0
    fixed: tuple[Labels, ...] = ()
    cells: int = 0

    def __post_init__(self) -> None:
        """Check the numbers."""
        if any(len(one) != len(self.labels) for one in self.fixed):
            raise ValueError(f"not all fixed counters have a value for each of {', '.join(self.labels)}")
        lacking = {self.others(one) for one in self.fixed} - set(self.fixed) if self.cells else None
        if lacking or (self.cells and not self.fixed):
            raise ValueError(f"nothing counts what there is no room for: {lacking}")

    def others(self, labels: Labels) -> Labels:
        """Return what stands for these values where there is no room for them."""
        return (*labels[: self.closed], *(OTHER for _ in labels[self.closed :]))

    @property
    def longest(self) -> int:
        """Return the bytes that a label's value may have."""
        return min(_LONGEST_LENGTH, _ROOM // max(len(self.labels), 1) - 1)

    @property
    def first_cell(self) -> int:
        """Return where the cells begin."""
        return -(-len(self.fixed) * WORD // LINE) * LINE

    @property
    def size(self) -> int:
        """Return the bytes of a region: a multiple of 64."""
        return self.first_cell + self.cells * CELL


def shown(labels: Labels, longest: int) -> Labels:
    """Return the values as they are kept: one of more than ``longest`` bytes is cut, with a digest of the whole."""
    return tuple(_shown(one, longest) for one in labels)


def _shown(value: str, longest: int) -> str:
    raw = value.encode("utf-8", "replace")  # a lone surrogate has no UTF-8
    if len(raw) > longest:
        digest = blake2b(raw, digest_size=_DIGEST_BYTES).hexdigest()
        return f"{raw[: longest - _CUT_BYTES].decode('utf-8', 'ignore')}~{digest}"
    return raw.decode()


def written(labels: Labels) -> bytes:
    """Return the name of a cell that has these values, which are none too long: all of it behind the checksum."""
    parts = [one.encode() for one in labels]
    return b"".join(bytes([len(part)]) + part for part in parts).ljust(_ROOM, b"\0")


def read(name: bytes, count: int) -> Labels:
    """Return the ``count`` values of a name whose checksum is right."""
    values, at = [], 0
    for _ in range(count):
        end = at + 1 + name[at]
        values.append(name[at + 1 : end].decode())
        at = end
    return tuple(values)


def checksum(name: bytes) -> bytes:
    """Return the checksum of a cell's name."""
    return xxh3_64_digest(name, _VERSION)
