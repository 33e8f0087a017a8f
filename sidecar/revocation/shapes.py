"""The shapes of lines that a file has had so far, and all lines of a block matched with them at once."""

import re
from collections.abc import Iterable, Sequence
from itertools import compress

import numpy as np

from sidecar.revocation.alike import Alike, Indexes
from sidecar.revocation.entry import Entry
from sidecar.revocation.shape import Shape, shape_of

#: Shapes that are known at a time: a file is written by few programs, for few issuers.
_MOST = 8
#: Behind all shapes: any line.
_OTHER = rb"([^\n]*)"

Numbered = tuple[int, bytes]


class Shapes:
    """Learns a shape a block, the last that was new. Where there are too many, the one that matched least goes."""

    def __init__(self) -> None:
        self._used: dict[Shape, int] = {}
        self._expression: re.Pattern[bytes] | None = None

    def match(self, block: bytes, first: int) -> tuple[list[Alike], Iterable[Numbered]]:
        """Return entries, and all other lines without their ends. ``first`` is the number of the block's first line."""
        lines, end, last = block.rpartition(b"\n")
        rest = [(first + block.count(b"\n"), last)] if last else []
        if self._expression is None or not end or not _is_utf8(lines):
            return [], [*enumerate(lines.split(b"\n") if end else (), first), *rest]
        columns = list(zip(*self._expression.findall(lines + end), strict=True))
        return self._sorted(columns, first, rest)

    def learn(self, line: bytes, entry: Entry) -> None:
        """Know from now on what is written like ``line``, which is ``entry``."""
        shape = shape_of(line, entry)
        if shape is None or any(shape.expression == one.expression for one in self._used):
            return
        if len(self._used) == _MOST:
            del self._used[min(self._used, key=self._used.__getitem__)]
        self._used[shape] = 0
        expressions = [*(one.expression for one in self._used), _OTHER]
        self._expression = re.compile(b"(?:" + b"|".join(expressions) + b")\n")

    def _sorted(
        self, columns: Sequence[Sequence[bytes]], first: int, rest: list[Numbered]
    ) -> tuple[list[Alike], list[Numbered]]:
        """Make entries out of groups: those of each shape, in order, and at last the line that has none."""
        found, other = [], np.ones(len(columns[-1]), np.bool_)
        for shape in self._used:
            mine, columns = dict(zip(shape.columns, columns, strict=False)), columns[len(shape.columns) :]
            here = np.fromiter(map(bool, mine["value"]), np.bool_, len(other))
            other &= ~here
            numbers = first + np.flatnonzero(here)
            self._used[shape] = len(numbers)
            if len(numbers):
                found.append(_alike(shape, mine, numbers))
        numbers = first + np.flatnonzero(other)
        return found, [*zip(numbers.tolist(), compress(columns[-1], other), strict=True), *rest]


def _alike(shape: Shape, columns: dict[str, Sequence[bytes]], numbers: Indexes) -> Alike:
    times = {
        name: np.fromiter(map(int, filter(None, column)), np.float64, len(numbers))
        for name, column in columns.items()
        if name != "value"
    }
    return Alike(shape.entry, list(filter(None, columns["value"])), numbers, **times)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
