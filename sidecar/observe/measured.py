"""Families of samples on their way to the exposition: values, which know nothing of its library."""

from collections.abc import Sequence
from dataclasses import dataclass

from sidecar.memory.counter_schema import Distribution
from sidecar.memory.exemplars import Exemplar

#: The values of a family's labels, in their order.
Labels = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """One family of numbers: label values and value of each. ``counts``: they only grow."""

    name: str
    text: str
    labels: Labels
    samples: Sequence[tuple[Labels, float]]
    counts: bool = False


@dataclass(frozen=True, slots=True)
class Distributed:
    """One family of histograms with the same ``bounds`` (``HistogramSchema``): label values, and what each has seen.

    ``exemplars``: one a bucket, where there is one, of a family with one histogram; empty: none.
    """

    name: str
    text: str
    labels: Labels
    bounds: tuple[float, ...]
    samples: Sequence[tuple[Labels, Distribution]]
    exemplars: Sequence[Exemplar | None] = ()


def once(value: float | None) -> Sequence[tuple[Labels, float]]:
    """Return the samples of a family without labels: one, or none where its value is not known."""
    return [] if value is None else [((), value)]
