"""Exemplars in shared memory: the last one of each bucket, whole or not at all."""

import mmap
from collections.abc import Iterator
from math import inf, nan

import pytest

from sidecar.memory import segment
from sidecar.memory.counter_schema import HistogramSchema, Schema
from sidecar.memory.counters import CounterTable, size
from sidecar.memory.exemplars import Exemplar
from sidecar.memory.layout import LINE
from sidecar.memory.segment import Segment

_SCHEMA = Schema((), (HistogramSchema("before", ()), HistogramSchema("seconds", (0.5, 2.0))), exemplars=1)
_ONE, _TWO = bytes(range(16)), bytes(range(16, 32))


@pytest.fixture
def shared() -> Iterator[Segment]:
    """Give a segment."""
    with segment.create(mmap.PAGESIZE) as made:
        yield made


@pytest.fixture
def table(shared: Segment) -> Iterator[CounterTable]:
    """Give two rows."""
    with CounterTable(shared, _SCHEMA, 2) as made:
        yield made


def test_none_at_first(table: CounterTable) -> None:
    """A bucket has none before one is noted."""
    assert table.exemplars() == (None, None, None)


def test_they_are_in_the_bucket_that_counts_them(table: CounterTable) -> None:
    """Bounds are inclusive, as the histogram's are."""
    for value in (0.5, 0.6, 7.0):
        table.row(0).exemplars.note(value, _ONE, 10.0)
    assert table.exemplars() == (Exemplar(_ONE, 0.5, 10.0), Exemplar(_ONE, 0.6, 10.0), Exemplar(_ONE, 7.0, 10.0))


def test_the_last_one_counts(table: CounterTable) -> None:
    """In one row the one that came last, of several rows the one with the latest time."""
    table.row(0).exemplars.note(0.1, _ONE, 10.0)
    table.row(0).exemplars.note(0.2, _TWO, 9.0)
    assert table.exemplars()[0] == Exemplar(_TWO, 0.2, 9.0)
    table.row(1).exemplars.note(0.3, _ONE, 8.0)
    assert table.exemplars()[0] == Exemplar(_TWO, 0.2, 9.0)
    table.row(1).exemplars.note(0.4, _ONE, 11.0)
    assert table.exemplars()[0] == Exemplar(_ONE, 0.4, 11.0)


@pytest.mark.parametrize(("value", "trace"), [(-0.1, _ONE), (nan, _ONE), (inf, _ONE), (0.1, bytes(16))])
def test_what_is_none_is_left_out(table: CounterTable, value: float, trace: bytes) -> None:
    """What the histogram leaves out has no example, and a trace without an id is nothing to look for."""
    table.row(0).exemplars.note(value, trace, 10.0)
    assert table.exemplars() == (None, None, None)


def test_an_id_has_sixteen_bytes(table: CounterTable) -> None:
    """Its hexadecimal digits, say, are refused."""
    with pytest.raises(ValueError, match="a trace id of 32 bytes: it has 16"):
        table.row(0).exemplars.note(0.1, _ONE.hex().encode(), 10.0)


def test_a_torn_one_is_none(shared: Segment, table: CounterTable) -> None:
    """Of half an exemplar nothing is told; the next one that is noted is."""
    start = _SCHEMA.exemplars_at
    table.row(0).exemplars.note(0.1, _ONE, 10.0)
    first = shared.memory[start : start + LINE]
    table.row(0).exemplars.note(0.2, _TWO, 11.0)
    second = shared.memory[start : start + LINE]
    for end in range(1, 40):
        shared.memory[start : start + LINE] = second[:end] + first[end:]
        assert table.exemplars()[0] in (None, Exemplar(_ONE, 0.1, 10.0), Exemplar(_TWO, 0.2, 11.0))
    shared.memory[start : start + LINE] = second[:20] + first[20:]
    assert table.exemplars()[0] is None
    table.row(0).exemplars.note(0.3, _ONE, 12.0)
    assert table.exemplars()[0] == Exemplar(_ONE, 0.3, 12.0)


def test_they_outlive_their_writer(shared: Segment) -> None:
    """As the row does."""
    with CounterTable(shared, _SCHEMA, 2) as table:
        table.row(1).exemplars.note(0.1, _ONE, 10.0)
    with CounterTable(shared, _SCHEMA, 2) as table:
        assert table.exemplars()[0] == Exemplar(_ONE, 0.1, 10.0)


def test_without_a_histogram_there_are_none(shared: Segment) -> None:
    """And nothing is written anywhere."""
    schema = Schema(("one",))
    with CounterTable(shared, schema, 1) as table:
        table.row(0).exemplars.note(0.1, _ONE, 10.0)
        assert table.exemplars() == ()
    assert not any(shared.memory[:])
    assert size(schema, 1) == LINE
