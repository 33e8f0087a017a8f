"""What is counted, and what comes out: the values around ``counters.py``."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import inf

from sidecar.memory.layout import LINE

CELL = 8


@dataclass(frozen=True, slots=True)
class HistogramSchema:
    """A histogram: its buckets' upper bounds, inclusive and ascending, in the unit of what is observed.

    One more bucket, for what is above all bounds, is added. Raises ``ValueError`` for bounds that do not ascend.
    """

    name: str
    bounds: tuple[float, ...]

    def __post_init__(self) -> None:
        """Check the bounds."""
        if not all(lower < upper for lower, upper in pairwise((*self.bounds, inf))):
            raise ValueError(f"the bounds of {self.name} must ascend and be finite: {self.bounds}")

    @property
    def cells(self) -> int:
        """Return how many cells it takes: one a bucket, one for all above, one for the sum."""
        return len(self.bounds) + 2


@dataclass(frozen=True, slots=True)
class Schema:
    """What is counted. The index of a counter, or of a histogram, is its place in its tuple."""

    counters: tuple[str, ...]
    histograms: tuple[HistogramSchema, ...] = ()

    @property
    def row_bytes(self) -> int:
        """Return the size of a row: a multiple of 64."""
        cells = len(self.counters) + sum(histogram.cells for histogram in self.histograms)
        return -(-max(cells, 1) * CELL // LINE) * LINE

    def starts(self) -> Iterator[int]:
        """Yield the first cell of each histogram."""
        cell = len(self.counters)
        for histogram in self.histograms:
            yield cell
            cell += histogram.cells


@dataclass(frozen=True, slots=True)
class Distribution:
    """What a histogram has seen: the count of each bucket for itself, the last above all bounds, and the sum."""

    buckets: tuple[int, ...]
    sum: float


@dataclass(frozen=True, slots=True)
class Totals:
    """What one row holds, or all of them together; the indices are the schema's."""

    counters: tuple[int, ...]
    histograms: tuple[Distribution, ...]


def added(rows: list[Totals]) -> Totals:
    """Add rows of one schema up; there must be one at least."""
    return Totals(
        counters=tuple(map(sum, zip(*(row.counters for row in rows), strict=True))),
        histograms=tuple(map(_added, zip(*(row.histograms for row in rows), strict=True))),
    )


def _added(parts: tuple[Distribution, ...]) -> Distribution:
    buckets = zip(*(part.buckets for part in parts), strict=True)
    return Distribution(tuple(map(sum, buckets)), sum(part.sum for part in parts))
