"""What is said of values: the median, how far they lie apart, and how they are to those of a baseline."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from suite.measurement import Measurement, Unit

#: Above this part of the median a spread is told of: pyperf calls as much unstable, of standard deviations.
UNSTEADY = 0.1


@dataclass(frozen=True, slots=True)
class Line:
    """One line: medians in the unit's base, spreads as parts of them (0.01: one percent).

    ``baseline`` is ``None`` where there is none. ``ratio`` says how many times as good the value is: above 1 is better.
    """

    group: str
    name: str
    what: str
    unit: Unit
    value: float
    spread: float
    values: tuple[float, ...]
    against: str = ""
    baseline: float | None = None
    baseline_values: tuple[float, ...] = ()
    ratio: float | None = None

    @property
    def is_unsteady(self) -> bool:
        """Say whether values lie so far apart that their median says little."""
        return self.spread > UNSTEADY


def spread(values: Sequence[float]) -> float:
    """Return the median absolute deviation as a part of the median; 0 where there is nothing to divide."""
    middle = statistics.median(values)
    return statistics.median(abs(value - middle) for value in values) / abs(middle) if middle else 0.0


def line(group: str, measured: Measurement, values: Sequence[float], baseline: Sequence[float]) -> Line:
    """Return the line of values and of the baseline's, whose ratio is the median of each round's own."""
    unit, against = measured.unit, measured.baseline.what if measured.baseline else ""
    ratios = [unit.better(*pair) for pair in zip(values, baseline, strict=True)] if baseline else []
    return Line(
        *(group, measured.name, measured.what, unit, statistics.median(values), spread(values), tuple(values), against),
        baseline=statistics.median(baseline) if baseline else None,
        baseline_values=tuple(baseline),
        ratio=statistics.median(ratios) if ratios else None,
    )
