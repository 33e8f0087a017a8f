"""What is counted, by the names that ``series`` has for it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from sidecar.memory.counter_schema import Distribution, Totals
from sidecar.memory.exemplars import Exemplar
from sidecar.memory.labelled_layout import OTHER
from sidecar.observe.measured import Distributed, Labels, Measured
from sidecar.observe.series import CHECK_DURATION, CHECKS, DURATION, DURATION_TEXT, FAMILIES, HISTOGRAMS
from sidecar.observe.shape import Shape


def checks(found: Mapping[Labels, int]) -> Measured:
    """Return how checks ended. What stands for others is there once there are any."""
    shown = [(labels, count) for labels, count in found.items() if count or labels[-1] != OTHER]
    return Measured(CHECKS.name, CHECKS.text, CHECKS.labels, shown, counts=True)


def durations(seen: Distribution, exemplars: Sequence[Exemplar | None]) -> Distributed:
    """Return how long checks took, with an example of each bucket where there is one."""
    return Distributed(DURATION.name, DURATION_TEXT, (), DURATION.bounds, [((), seen)], exemplars)


def counted(totals: Totals, exemplars: Sequence[Exemplar | None], shape: Shape) -> Iterator[Measured | Distributed]:
    """Yield what is counted, each family as ``series`` has it, as far as ``shape`` shows it."""
    yield checks(totals.labelled)
    yield durations(totals.histograms[CHECK_DURATION], exemplars)
    counts = iter(totals.counters)
    for family in FAMILIES:
        found = shape.shown(family, islice(counts, len(family.series)))
        if found:
            samples = [(values, count * family.unit) for values, count in found]
            yield Measured(family.name, family.text, family.labels, samples, counts=True)
    distributions = iter(totals.histograms[CHECK_DURATION + 1 :])
    for histogram in HISTOGRAMS:
        seen = shape.shown(histogram, islice(distributions, len(histogram.series)))
        if seen:
            yield Distributed(histogram.name, histogram.text, histogram.labels, histogram.bounds, seen)
