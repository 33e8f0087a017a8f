"""What a name in the exposition is made of: counters, and histograms, by the values of their labels."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Final

from sidecar.memory.counter_schema import HistogramSchema

#: The unit of a cell that counts time: cells are whole numbers.
NANOSECONDS: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Family:
    """Counters of one name; ``series`` has the label values of each. The exposition adds ``_total`` to the name.

    ``unit``: what 1 in a cell stands for, in the unit of the name.
    """

    name: str
    text: str
    labels: tuple[str, ...]
    series: tuple[tuple[str, ...], ...]
    unit: float = 1


@dataclass(frozen=True, slots=True)
class Histograms:
    """Histograms of one name, with the same ``bounds``; ``series`` has the label values of each."""

    name: str
    text: str
    labels: tuple[str, ...]
    series: tuple[tuple[str, ...], ...]
    bounds: tuple[float, ...]

    @property
    def schemas(self) -> tuple[HistogramSchema, ...]:
        """Return how they lie in memory, in the order of ``series``."""
        return tuple(HistogramSchema("/".join((self.name, *series)), self.bounds) for series in self.series)


def every(*labels: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Return the label values of all series that there can be."""
    return tuple(product(*(map(str, label) for label in labels)))
