"""Everything that is measured, in Prometheus' text format or in OpenMetrics'.

    counters (all processes' rows) ─┐
    scoreboard ─────────────────────┼──> Collector ──> own registry ──> bytes
    facts that control knows ───────┘

prometheus_client writes the formats and nothing else: its own counters live in one process, and its multi-process mode
in files. No process metrics of its either: those of control alone would mislead. Nor is it told when a counter began
(``_created``): a series of checks begins in one process after the other, and none of these times is that of the sum.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, zip_longest

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar as Shown
from prometheus_client.utils import floatToGoString

from sidecar.memory.counter_schema import Distribution
from sidecar.memory.counters import CounterTable
from sidecar.memory.exemplars import Exemplar
from sidecar.memory.scoreboard import Scoreboard
from sidecar.observe.children import of_children, of_supervisor
from sidecar.observe.counted import counted
from sidecar.observe.facts import Facts, of_facts
from sidecar.observe.measured import Distributed, Measured
from sidecar.observe.pools import of_pool_size, of_pools
from sidecar.observe.processes import of_processes
from sidecar.observe.shape import Shape

#: Without hooks and pools.
WHOLE = Shape()


class Exposition(Collector):
    """Metrics of all processes. ``exposition`` may be called by one thread at a time.

    ``table``: of ``series.SCHEMA``. ``names``: of all children, in the scoreboard's order. ``build``: labels of
    ``authz_build_info``, such as version and python. ``clock``: CLOCK_MONOTONIC, in seconds. ``shape``: what
    there is of all that can be counted.
    """

    def __init__(  # noqa: PLR0913 - one for each source
        self,
        *,
        table: CounterTable,
        scoreboard: Scoreboard,
        names: Sequence[str],
        build: Mapping[str, str],
        facts: Callable[[], Facts],
        clock: Callable[[], float],
        shape: Shape = WHOLE,
    ) -> None:
        self._table, self._scoreboard, self._names = table, scoreboard, names
        self._build, self._facts, self._clock = build, facts, clock
        self._shape = shape
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def exposition(self) -> bytes:
        """Return all of it in the text format, version 0.0.4. There are no exemplars in that."""
        return generate_latest(self._registry)

    def openmetrics(self) -> bytes:
        """Return all of it in OpenMetrics' text format, version 1.0.0, with exemplars where there are any."""
        text: bytes = openmetrics.generate_latest(self._registry, version="1.0.0")  # type: ignore[no-untyped-call]
        return text

    def collect(self) -> Iterable[Metric]:
        """Yield the families; for prometheus_client."""
        return map(_metric, self._families())

    def _families(self) -> Iterator[Measured | Distributed]:
        now = self._clock()
        yield from counted(self._table.totals(), self._table.exemplars(), self._shape)
        yield from of_children([(name, self._scoreboard.child(index)) for index, name in enumerate(self._names)], now)
        yield from of_supervisor(self._scoreboard.overall(), now)
        facts = self._facts()
        yield from of_pools(facts.pools)
        if facts.pool_size is not None:
            yield from of_pool_size(facts.pool_size)
        yield from of_processes(facts.processes, facts.system_percent)
        yield from of_facts(facts)
        yield Measured("authz_build_info", "What is running.", tuple(self._build), [(tuple(self._build.values()), 1)])


def _metric(one: Measured | Distributed) -> Metric:
    if isinstance(one, Distributed):
        return _histogram(one)
    metric: CounterMetricFamily | GaugeMetricFamily = (CounterMetricFamily if one.counts else GaugeMetricFamily)(
        one.name, one.text, labels=one.labels
    )
    for values, value in one.samples:
        metric.add_metric(values, value)
    return metric


def _histogram(one: Distributed) -> Metric:
    metric = HistogramMetricFamily(one.name, one.text, labels=one.labels)
    for values, seen in one.samples:
        buckets = [_with(*pair) for pair in zip_longest(_buckets(one.bounds, seen), one.exemplars)]
        metric.add_metric(values, buckets, seen.sum)
    return metric


def _buckets(bounds: tuple[float, ...], seen: Distribution) -> list[tuple[str, int]]:
    return list(zip((*map(floatToGoString, bounds), "+Inf"), accumulate(seen.buckets), strict=True))


def _with(bucket: tuple[str, int], exemplar: Exemplar | None) -> tuple[str, int] | tuple[str, int, Shown]:
    if exemplar is None:
        return bucket
    return *bucket, Shown({"trace_id": exemplar.trace_id.hex()}, exemplar.value, exemplar.at)
