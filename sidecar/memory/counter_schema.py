"""What is counted, and what comes out: the values around ``counters.py``."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf

from sidecar.memory import exemplars
from sidecar.memory.labelled_layout import LabelledSchema, Labels
from sidecar.memory.layout import LINE

CELL = 8
_NO_LABELS = LabelledSchema()


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
    """What is counted. The index of a counter, or of a histogram, is its place in its tuple.

    ``labelled`` are counters that are named as they occur. ``exemplars``: the histogram that may have some.
    """

    counters: tuple[str, ...]
    histograms: tuple[HistogramSchema, ...] = ()
    labelled: LabelledSchema = _NO_LABELS
    exemplars: int | None = None

    @property
    def labelled_at(self) -> int:
        """Return where in a row the labelled counters begin: at a multiple of 64."""
        cells = len(self.counters) + sum(histogram.cells for histogram in self.histograms)
        return -(-max(cells, 1) * CELL // LINE) * LINE

    @property
    def exemplars_at(self) -> int:
        """Return where in a row the exemplars begin: at a multiple of 64."""
        return self.labelled_at + self.labelled.size

    @property
    def exemplar_bounds(self) -> tuple[float, ...] | None:
        """Return the bounds of the histogram that may have exemplars."""
        return None if self.exemplars is None else self.histograms[self.exemplars].bounds

    @property
    def row_bytes(self) -> int:
        """Return the size of a row: a multiple of 64."""
        return self.exemplars_at + exemplars.size(self.exemplar_bounds)

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
    """What one row holds, or all of them together; the indices are the schema's.

    ``labelled`` are by their label values: the fixed ones, and those that have occurred.
    """

    counters: tuple[int, ...]
    histograms: tuple[Distribution, ...]
    labelled: Mapping[Labels, int] = field(default_factory=dict)


def added(rows: list[Totals]) -> Totals:
    """Add rows of one schema up; there must be one at least."""
    return Totals(
        counters=tuple(map(sum, zip(*(row.counters for row in rows), strict=True))),
        histograms=tuple(map(_added, zip(*(row.histograms for row in rows), strict=True))),
        labelled=_merged(row.labelled for row in rows),
    )


def _merged(parts: Iterable[Mapping[Labels, int]]) -> Mapping[Labels, int]:
    """Add by label values: each row names what has occurred there, in an order of its own."""
    total = Counter[Labels]()
    for part in parts:
        total.update(part)
    return total


def _added(parts: tuple[Distribution, ...]) -> Distribution:
    buckets = zip(*(part.buckets for part in parts), strict=True)
    return Distribution(tuple(map(sum, buckets)), sum(part.sum for part in parts))
