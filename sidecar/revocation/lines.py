"""Entries out of a file: JSON Lines, an entry a line. Empty lines and those that begin with ``#`` are left out.

JSON Lines, and not YAML: whoever revokes appends a line, without reading the rest; a million lines are read in bounded
memory; and a line that is wrong is told by its number and takes no other along.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

from sidecar.core.strict_json import JsonError, loads_object
from sidecar.revocation.entry import Entry, EntryError, read_entry

#: Bytes of a line, its end included.
MAX_LINE = 16 * 1024
#: Lines that are read at once.
BATCH = 65536


@dataclass(frozen=True, slots=True)
class Batch:
    """Some of a file's lines: entries with their line numbers, and what is wrong with the others."""

    entries: Sequence[tuple[int, Entry]]
    problems: Sequence[tuple[int, str]]


def read_lines(path: Path, size: int = BATCH) -> Iterator[Batch]:
    """Give all entries of a file; raises ``OSError`` where it cannot be read."""
    with path.open("rb") as file:
        lines = enumerate(iter(lambda: file.readline(MAX_LINE + 1), b""), start=1)
        while some := list(islice(_whole(lines, file), size)):
            yield _read(some)


def _whole(lines: Iterator[tuple[int, bytes]], file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    for number, line in lines:
        if len(line) > MAX_LINE:
            while (rest := file.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                pass
        yield number, line


def _read(lines: Sequence[tuple[int, bytes]]) -> Batch:
    entries: list[tuple[int, Entry]] = []
    problems: list[tuple[int, str]] = []
    for number, line in lines:
        if len(line) > MAX_LINE:
            problems.append((number, f"is longer than {MAX_LINE} bytes"))
            continue
        text = line.strip()
        if not text or text.startswith(b"#"):
            continue
        try:
            entries.append((number, read_entry(loads_object(text))))
        except JsonError as error:
            problems.append((number, f"is no JSON object: {error}"))
        except EntryError as error:
            problems.append((number, str(error)))
    return Batch(entries, problems)
