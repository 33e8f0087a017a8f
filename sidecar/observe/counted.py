"""What is counted, by the names that ``series`` has for it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from sidecar.memory.counter_schema import Distribution, Totals
from sidecar.memory.exemplars import Exemplar
from sidecar.memory.labelled_layout import OTHER
from sidecar.observe.hook_series import HOOK
from sidecar.observe.measured import Distributed, Labels, Measured
from sidecar.observe.series import CHECK_DURATION, CHECKS, DURATION, DURATION_TEXT, FAMILIES, HISTOGRAMS

_Seen = TypeVar("_Seen")


def checks(found: Mapping[Labels, int]) -> Measured:
    """Return how checks ended. What stands for others is there once there are any."""
    shown = [(labels, count) for labels, count in found.items() if count or labels[-1] != OTHER]
    return Measured(CHECKS.name, CHECKS.text, CHECKS.labels, shown, counts=True)


def durations(seen: Distribution, exemplars: Sequence[Exemplar | None]) -> Distributed:
    """Return how long checks took, with an example of each bucket where there is one."""
    return Distributed(DURATION.name, DURATION_TEXT, (), DURATION.bounds, [((), seen)], exemplars)


def counted(
    totals: Totals, exemplars: Sequence[Exemplar | None] = (), hooks: Sequence[str] = ()
) -> Iterator[Measured | Distributed]:
    """Yield what is counted, each family as ``series`` has it, with the names of ``hooks`` for their numbers."""
    yield checks(totals.labelled)
    yield durations(totals.histograms[CHECK_DURATION], exemplars)
    counts = iter(totals.counters)
    for family in FAMILIES:
        found = [(series, next(counts)) for series in family.series]
        if HOOK in family.labels:
            found = _named(found, hooks)
        if found:
            yield Measured(family.name, family.text, family.labels, found, counts=True)
    distributions = iter(totals.histograms[CHECK_DURATION + 1 :])
    for histogram in HISTOGRAMS:
        seen = [(series, next(distributions)) for series in histogram.series]
        if HOOK in histogram.labels:
            seen = _named(seen, hooks)
        if seen:
            yield Distributed(histogram.name, histogram.text, histogram.labels, histogram.bounds, seen)


def _named(found: Sequence[tuple[Labels, _Seen]], hooks: Sequence[str]) -> list[tuple[Labels, _Seen]]:
    """Return what is of ``hooks``, with their names for their numbers, which are the first label."""
    names = {str(number): name for number, name in enumerate(hooks)}
    return [((names[number], *rest), seen) for (number, *rest), seen in found if number in names]
