"""Entries out of a file: JSON Lines, an entry a line. Empty lines and those that begin with ``#`` are left out.

    file ─ blocks of whole lines ─┬─ written as one before (shape.py) ─> columns (alike.py)
                                  └─ any other ─> JSON ─> an entry, or what is wrong ─> maybe a shape

JSON Lines, and not YAML: whoever revokes appends a line, without reading the rest; a million lines are read in bounded
memory; and a line that is wrong is told by its number and takes no other along.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from sidecar.core.strict_json import JsonError, loads_object
from sidecar.keys.regular_file import open_regular
from sidecar.revocation.alike import Alike
from sidecar.revocation.entry import Entry, EntryError, read_entry
from sidecar.revocation.shapes import Shapes

#: Bytes of a line, its end included.
MAX_LINE = 16 * 1024
#: Bytes that are read at once. What is done to them in one call is done in milliseconds, and only then may another
#: thread of Python go on.
BLOCK = 128 * 1024
#: Lines of a batch, and blocks: it is full when it has either.
BATCH, _MOST_BLOCKS = 65536, 128


@dataclass(frozen=True, slots=True)
class Batch:
    """Some of a file's lines: entries with their line numbers, and what is wrong with the others, all in order."""

    entries: list[tuple[int, Entry]] = field(default_factory=list)
    alike: list[Alike] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)

    def __len__(self) -> int:
        """Return how many entries."""
        return len(self.entries) + sum(map(len, self.alike))


def read_lines(path: Path, size: int = BATCH, block: int = BLOCK) -> Iterator[Batch]:
    """Give all entries of a file; raises ``OSError`` where it cannot be read."""
    reading, batch, began, blocks = _Reading(), Batch(), 0, 0
    with open_regular(path) as file:
        for some in _blocks(file, block):
            reading.take(some, batch)
            blocks += 1
            if reading.lines - began >= size or blocks == _MOST_BLOCKS:
                yield batch
                batch, began, blocks = Batch(), reading.lines, 0
    yield batch


def _blocks(file: IO[bytes], size: int) -> Iterator[bytes]:
    """Give whole lines, some at a time; the file's last may have no end. Of one that is too long some is left out."""
    rest = b""
    while data := file.read(size):
        head, end, tail = data.rpartition(b"\n")
        if end:
            yield rest + head + end
            rest = b""
        rest = (rest + tail)[: MAX_LINE + 1]
    if rest:
        yield rest


class _Reading:
    """Reads blocks one after the other. ``lines``: how many it has read."""

    def __init__(self) -> None:
        self.lines = 0
        self._shapes = Shapes()

    def take(self, block: bytes, batch: Batch) -> None:
        """Read a block into ``batch``."""
        before, self.lines = self.lines, self.lines + block.count(b"\n") + (not block.endswith(b"\n"))
        alike, others = self._shapes.match(block, before + 1)
        batch.alike.extend(alike)
        learned = None
        for number, line in others:
            entry = _read(number, line, batch, ended=number < self.lines or block.endswith(b"\n"))
            learned = (line, entry) if entry else learned
        if learned:
            self._shapes.learn(*learned)


def _read(number: int, line: bytes, batch: Batch, *, ended: bool) -> Entry | None:
    """Read a line by itself into ``batch``; return the entry, if there is one."""
    text = line.strip()
    if len(line) + ended > MAX_LINE:
        batch.problems.append((number, f"is longer than {MAX_LINE} bytes"))
    elif text and not text.startswith(b"#"):
        try:
            entry = read_entry(loads_object(text))
        except JsonError as error:
            batch.problems.append((number, f"is no JSON object: {error}"))
        except EntryError as error:
            batch.problems.append((number, str(error)))
        else:
            batch.entries.append((number, entry))
            return entry
    return None
