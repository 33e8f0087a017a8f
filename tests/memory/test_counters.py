"""Counters in shared memory: rows with one writer each, added up, that outlive their writers."""

import mmap
from collections.abc import Iterator
from itertools import pairwise
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.boards import COUNTERS_AT, SCHEMA, writer
from sidecar.memory import segment
from sidecar.memory.counter_schema import Distribution, HistogramSchema, Schema
from sidecar.memory.counters import CounterTable, size

ONE, MANY = 0, 1


@pytest.fixture
def shared() -> Iterator[segment.Segment]:
    """Give a segment."""
    with segment.create(mmap.PAGESIZE) as made:
        yield made


@pytest.fixture
def table(shared: segment.Segment) -> Iterator[CounterTable]:
    """Give a table of two rows in it."""
    with CounterTable(shared, SCHEMA, rows=2, offset=COUNTERS_AT) as made:
        yield made


def test_zeros_at_first(table: CounterTable) -> None:
    """Nothing was counted in a new segment."""
    assert table.totals().counters == (0, 0)
    assert table.totals().histograms == (Distribution((0, 0, 0), 0.0),)


def test_rows_are_added_up(table: CounterTable) -> None:
    """A total is the sum of all rows."""
    table.row(0).add(ONE)
    table.row(1).add(ONE, 41)
    table.row(1).add(MANY, 2**40)
    assert table.totals().counters == (42, 2**40)
    assert table.row(1).read().counters == (41, 2**40)


def test_bounds_are_inclusive(table: CounterTable) -> None:
    """A value counts in the first bucket whose bound is not below it, as Prometheus' ``le`` says."""
    for value in (0.0, 0.5, 0.500001, 2.0, 2.1):
        table.row(0).observe(0, value)
    table.row(1).observe(0, 100.0)
    (seen,) = table.totals().histograms
    assert seen.buckets == (2, 2, 2)
    assert seen.sum == pytest.approx(105.100001)


@pytest.mark.parametrize("value", [-0.1, nan, inf, -inf])
def test_what_would_spoil_a_sum_is_left_out(table: CounterTable, value: float) -> None:
    """No value makes a sum go back, or makes it something that never changes again."""
    table.row(0).observe(0, value)
    assert table.totals().histograms == (Distribution((0, 0, 0), 0.0),)


def test_counters_never_go_below_zero(table: CounterTable) -> None:
    """Taking away from nothing is an error, and no huge number."""
    with pytest.raises((ValueError, OverflowError)):
        table.row(0).add(ONE, -1)
    assert table.totals().counters == (0, 0)


def test_row_outlives_its_writer(shared: segment.Segment) -> None:
    """Who opens a row anew goes on where the last one ended."""
    for _ in range(2):
        with CounterTable(shared, SCHEMA, 2) as table:
            table.row(1).add(ONE)
            table.row(1).observe(0, 1.5)
    with CounterTable(shared, SCHEMA, 2) as table:
        assert table.totals().counters == (2, 0)
        assert table.totals().histograms == (Distribution((0, 2, 0), 3.0),)


def test_totals_never_go_back_whoever_is_killed(shared: segment.Segment, table: CounterTable) -> None:
    """While one writer after another is killed, no counter, bucket or sum is ever less than it was.

    ``many`` grows by 255, so that a store that is not whole would show as a step back.
    """
    last = table.totals()
    for incarnation in range(1, 5):
        with writer(shared.fileno(), incarnation):
            for _ in range(5_000):
                now = table.totals()
                assert now.counters[ONE] >= last.counters[ONE]
                assert now.counters[MANY] >= last.counters[MANY]
                assert now.counters[MANY] % 255 == 0
                assert now.histograms[0].buckets[1] >= last.histograms[0].buckets[1]
                assert now.histograms[0].sum >= last.histograms[0].sum
                last = now
        assert last.counters[ONE] >= incarnation
    ended = table.totals()
    # A killed writer was at most one addition of each behind, four times.
    assert 0 <= ended.counters[ONE] - ended.counters[MANY] // 255 <= 4
    assert ended.histograms[0].buckets[1] == pytest.approx(ended.histograms[0].sum, abs=4)


def test_two_processes_count_side_by_side(shared: segment.Segment, table: CounterTable) -> None:
    """What one process adds is in another's totals, beside its own."""
    with writer(shared.fileno(), 1):
        for _ in range(1000):
            table.row(1).add(ONE)
    assert table.row(1).read().counters == (1000, 0)
    assert table.totals().counters[ONE] == 1000 + table.row(0).read().counters[ONE]
    assert table.row(0).read().counters[ONE] > 0


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0, 100)), max_size=30))
def test_distribution_is_what_was_observed(observations: list[tuple[int, float]]) -> None:
    """Whoever observes what: buckets and sums are those of all observations, each histogram's its own."""
    schema = Schema(("before",), (HistogramSchema("a", (1.0, 10.0)), HistogramSchema("b", ())))
    with segment.create(mmap.PAGESIZE) as shared, CounterTable(shared, schema, 3) as table:
        for row, value in observations:
            table.row(row).observe(row % 2, value)
        totals = table.totals()
    for histogram, bounds in enumerate(((0.0, 1.0, 10.0, inf), (0.0, inf))):
        values = [value for row, value in observations if row % 2 == histogram]
        counts = tuple(
            sum(low < value <= high or value == low == 0.0 for value in values) for low, high in pairwise(bounds)
        )
        assert totals.histograms[histogram].buckets == counts
        assert totals.histograms[histogram].sum == pytest.approx(sum(values))
    assert totals.counters == (0,)


def test_rows_share_no_line() -> None:
    """Each row begins at a line of the processor's cache."""
    assert SCHEMA.row_bytes == 64
    assert Schema(tuple("abcdefghi")).row_bytes == 128
    assert size(Schema(()), 3) == 3 * 64


@pytest.mark.parametrize(("rows", "offset"), [(2, 8), (2, -64), (0, 0), (65, 0), (2, 4096 - 64)])
def test_region_must_fit(shared: segment.Segment, rows: int, offset: int) -> None:
    """A table that would not lie in its segment, aligned, is refused."""
    with pytest.raises(ValueError, match=f"{shared.size} bytes does not do"):
        CounterTable(shared, SCHEMA, rows, offset)


@pytest.mark.parametrize("bounds", [(1.0, 1.0), (2.0, 1.0), (1.0, inf), (nan,)])
def test_bounds_must_ascend(bounds: tuple[float, ...]) -> None:
    """Bounds that no value could tell apart are refused."""
    with pytest.raises(ValueError, match="must ascend"):
        HistogramSchema("seconds", bounds)


def test_nothing_outside_is_written(shared: segment.Segment, table: CounterTable) -> None:
    """A row writes into its own bytes only; an index that is none of the schema's is an error."""
    table.row(1).observe(0, 1.0)
    assert not any(shared.memory[:COUNTERS_AT])
    assert not any(shared.memory[COUNTERS_AT + size(SCHEMA, 2) :])
    with pytest.raises(IndexError):
        table.row(2)
    with pytest.raises(IndexError):
        table.row(0).add(64)
