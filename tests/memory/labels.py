"""What the tests of labelled counters share: a small region, and names in it."""

from collections.abc import Iterator
from contextlib import contextmanager

from sidecar.memory import segment
from sidecar.memory.counter_schema import Schema
from sidecar.memory.counters import CounterTable, Row, size
from sidecar.memory.labelled_layout import LabelledSchema, Labels
from sidecar.memory.segment import Segment

ROOM = 6
OTHERWISE = ("other", "other")
SCHEMA = Schema(("one",), (), LabelledSchema(("kind", "name"), 0, (OTHERWISE,), ROOM))


def name(number: int) -> Labels:
    """Return the label values of one counter."""
    return "kind", f"name-{number}"


@contextmanager
def region(rows: int = 1) -> Iterator[Segment]:
    """Give the memory of so many rows."""
    with segment.create(segment.pages(size(SCHEMA, rows))) as shared:
        yield shared


@contextmanager
def opened(shared: Segment, rows: int = 1) -> Iterator[Row]:
    """Open the first row, as each process does for itself."""
    with CounterTable(shared, SCHEMA, rows) as table:
        yield table.row(0)


def count(row: Row, labels: Labels, times: int = 1) -> None:
    """Count."""
    row.words[row.labelled.number(labels)] += times
