"""Everything that is measured, in Prometheus' text format or in OpenMetrics'.

    counters (all processes' rows) ─┐
    scoreboard ─────────────────────┼──> Collector ──> own registry ──> bytes
    facts that control knows ───────┘

prometheus_client writes the formats and nothing else: its own counters live in one process, and its multi-process mode
in files. No process metrics of its either: those of control alone would mislead. Nor is it told when a counter began
(``_created``): a series of checks begins in one process after the other, and none of these times is that of the sum.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar as Shown
from prometheus_client.utils import floatToGoString

from sidecar.memory.counter_schema import Distribution, HistogramSchema, Totals
from sidecar.memory.counters import CounterTable
from sidecar.memory.exemplars import Exemplar
from sidecar.memory.labelled_layout import OTHER, Labels
from sidecar.memory.scoreboard import Child, Overall, Scoreboard, State
from sidecar.observe.bundle import BundleFacts, bundle_measured
from sidecar.observe.key_sets import KeySetFacts, Measured, measured
from sidecar.observe.series import (
    CHECK_DURATION,
    CHECKS,
    DURATION,
    DURATION_TEXT,
    FAMILIES,
    HOOK,
    HOOK_DURATION,
    HOOK_DURATION_TEXT,
    HOOK_DURATIONS,
)


@dataclass(frozen=True, slots=True)
class RevocationFacts:
    """The denylist and its feed, at one moment; ``None`` where there is no feed, or nothing is known yet."""

    entries: int
    capacity: int
    epoch: int
    vouched: bool
    feed_connected: bool | None = None
    feed_contact_at: float | None = None  #: seconds since the epoch
    feed_lag: float | None = None  #: seconds since it was read to its end
    feed_connections: int = 0
    feed_gaps: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What neither counters nor scoreboard know, at one moment."""

    trust_digest: bytes | None = None  #: of the Trust that is committed
    last_reload_at: float | None = None  #: seconds since the epoch
    cache_slots: Mapping[str, int] = field(default_factory=dict)  #: by kind: positive, negative
    revocation: RevocationFacts | None = None
    key_sets: Sequence[KeySetFacts] = ()
    dry_run: bool | None = None
    bundle: BundleFacts | None = None


class Exposition(Collector):
    """Metrics of all processes. ``exposition`` may be called by one thread at a time.

    ``table``: of ``series.SCHEMA``. ``names``: of all children, in the scoreboard's order. ``build``: labels of
    ``authz_build_info``, such as version and python. ``clock``: CLOCK_MONOTONIC, in seconds. ``hooks``: their names, in
    their order.
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
        hooks: Sequence[str] = (),
    ) -> None:
        self._table, self._scoreboard, self._names = table, scoreboard, names
        self._build, self._facts, self._clock = build, facts, clock
        self._hooks = hooks
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
        now = self._clock()
        totals = self._table.totals()
        yield checks(totals.labelled)
        yield durations(totals.histograms[CHECK_DURATION], self._table.exemplars())
        yield from counted(totals, self._hooks)
        yield from of_children([(name, self._scoreboard.child(index)) for index, name in enumerate(self._names)], now)
        yield from of_supervisor(self._scoreboard.overall(), now)
        yield from of_facts(self._facts())
        yield _gauge("authz_build_info", "What is running.", [(tuple(self._build.values()), 1)], *self._build)


def checks(found: Mapping[Labels, int]) -> Metric:
    """Return how checks ended. What stands for others is there once there are any."""
    metric = CounterMetricFamily(CHECKS.name, CHECKS.text, labels=CHECKS.labels)
    for labels, count in found.items():
        if count or labels[-1] != OTHER:
            metric.add_metric(labels, count)
    return metric


def durations(seen: Distribution, exemplars: Sequence[Exemplar | None]) -> Metric:
    """Return how long checks took, with an example of each bucket where there is one."""
    metric = HistogramMetricFamily(DURATION.name, DURATION_TEXT)
    buckets, total = _distribution(DURATION, seen)
    metric.add_metric([], [_with(bucket, one) for bucket, one in zip(buckets, exemplars, strict=True)], total)
    return metric


def _with(bucket: tuple[str, int], exemplar: Exemplar | None) -> tuple[str, int] | tuple[str, int, Shown]:
    if exemplar is None:
        return bucket
    return *bucket, Shown({"trace_id": exemplar.trace_id.hex()}, exemplar.value, exemplar.at)


def counted(totals: Totals, hooks: Sequence[str] = ()) -> Iterator[Metric]:
    """Yield what is counted, each family as ``series`` has it, with the names of ``hooks`` for their numbers."""
    counts = iter(totals.counters)
    names = {str(number): name for number, name in enumerate(hooks)}
    for family in FAMILIES:
        metric = CounterMetricFamily(family.name, family.text, labels=family.labels)
        of_hooks = HOOK in family.labels
        for series in family.series:
            count = next(counts)
            if not of_hooks:
                metric.add_metric(series, count)
            elif series[0] in names:
                metric.add_metric((names[series[0]], *series[1:]), count)
        if hooks or not of_hooks:
            yield metric
    if hooks:
        of_each = HistogramMetricFamily("authz_hook_duration_seconds", HOOK_DURATION_TEXT, labels=[HOOK])
        for number, name in enumerate(hooks):
            seen = totals.histograms[HOOK_DURATION[number]]
            of_each.add_metric([name], *_distribution(HOOK_DURATIONS[number], seen))
        yield of_each


def _distribution(schema: HistogramSchema, seen: Distribution) -> tuple[list[tuple[str, int]], float]:
    bounds = (*map(floatToGoString, schema.bounds), "+Inf")
    return list(zip(bounds, accumulate(seen.buckets), strict=True)), seen.sum


def of_children(children: Sequence[tuple[str, Child]], now: float) -> Iterator[Metric]:
    """Yield how each child is. What is unknown has no sample, but for ``authz_child_up``, which is 0 then."""
    known = [(name, child.supervised) for name, child in children if child.supervised]
    reports = [(name, child.report) for name, child in children if child.report]
    yield _gauge(
        "authz_child_up",
        "Whether a child process runs and is ready.",
        [((name,), int(is_up(child))) for name, child in children],
        "child",
    )
    restarts = CounterMetricFamily("authz_child_restarts", "Times a child process was started again.", labels=["child"])
    for name, supervised in known:
        restarts.add_metric([name], supervised.restarts)
    yield restarts
    yield _gauge(
        "authz_child_crash_loop",
        "Whether a child process ends again and again.",
        [((name,), int(supervised.crash_loop)) for name, supervised in known],
        "child",
    )
    yield _gauge(
        "authz_child_heartbeat_age_seconds",
        "Seconds since a child process last gave a sign of life.",
        [((name,), max(0.0, now - report.heartbeat_at)) for name, report in reports],
        "child",
    )
    yield _gauge(
        "authz_child_connections",
        "Connections that a child process has open.",
        [((name,), report.connections) for name, report in reports],
        "child",
    )
    yield _gauge(
        "authz_child_state",
        "How far a child process is: 1 for the state it is in.",
        [((name, state.name.lower()), int(report.state is state)) for name, report in reports for state in State],
        "child",
        "state",
    )


def is_up(child: Child) -> bool:
    """Say whether a child runs and says that it is ready."""
    running = child.supervised is not None and child.supervised.pid is not None
    return running and child.report is not None and child.report.state is State.READY


def of_supervisor(overall: Overall | None, now: float) -> Iterator[Metric]:
    """Yield how the supervisor is; without samples where that is unknown."""
    known = [overall] if overall else []
    yield _gauge(
        "authz_supervisor_heartbeat_age_seconds",
        "Seconds since the supervisor last gave a sign of life.",
        [((), max(0.0, now - one.heartbeat_at)) for one in known],
    )
    yield _gauge("authz_draining", "Whether the sidecar is on its way out.", [((), int(one.draining)) for one in known])
    yield _gauge(
        "authz_trust_generation",
        "Number of the configuration that is in force, from 1 on.",
        [((), one.generation) for one in known],
    )


def of_facts(facts: Facts) -> Iterator[Metric]:
    """Yield what control knows."""
    digest = [((facts.trust_digest.hex()[:16],), 1)] if facts.trust_digest else []
    yield _gauge("authz_trust_info", "Beginning of the digest of configuration, policy and keys.", digest, "digest")
    at = [((), facts.last_reload_at)] if facts.last_reload_at is not None else []
    yield _gauge("authz_trust_last_reload_timestamp_seconds", "When the trust in force was loaded, in Unix time.", at)
    dry_run = [((), int(facts.dry_run))] if facts.dry_run is not None else []
    yield _gauge("authz_dry_run", "Whether nothing is enforced: 1 with dry_run.", dry_run)
    slots = [((kind,), count) for kind, count in facts.cache_slots.items()]
    yield _gauge("authz_cache_slots", "Slots of the shared cache, by the kind of entry they are for.", slots, "kind")
    if facts.revocation is not None:
        yield from of_revocation(facts.revocation)
    yield from map(_metric, measured(facts.key_sets))
    if facts.bundle is not None:
        yield from map(_metric, bundle_measured(facts.bundle))


def of_revocation(facts: RevocationFacts) -> Iterator[Metric]:
    """Yield how the denylist is, and its feed where there is one."""
    yield _gauge("authz_denylist_entries", "Entries on the denylist.", [((), facts.entries)])
    yield _gauge("authz_denylist_capacity", "Entries that the denylist has room for.", [((), facts.capacity)])
    yield _gauge("authz_denylist_epoch", "Goes up whenever something is revoked.", [((), facts.epoch)])
    yield _gauge(
        "authz_denylist_complete",
        "Whether the denylist is vouched for; where it is not, everybody is denied.",
        [((), int(facts.vouched))],
    )
    if facts.feed_connected is None:
        return
    yield _gauge("authz_revocation_feed_connected", "Whether Redis is connected to.", [((), int(facts.feed_connected))])
    at = [((), facts.feed_contact_at)] if facts.feed_contact_at is not None else []
    yield _gauge("authz_revocation_feed_last_contact_timestamp_seconds", "When Redis answered last, in Unix time.", at)
    lag = [((), facts.feed_lag)] if facts.feed_lag is not None else []
    yield _gauge("authz_revocation_feed_lag_seconds", "Seconds since the feed was last read to its end.", lag)
    for name, text, count in (
        ("authz_revocation_feed_connections", "Times that Redis was connected to.", facts.feed_connections),
        ("authz_revocation_feed_gaps", "Times that the feed lost entries before they were read.", facts.feed_gaps),
    ):
        counter = CounterMetricFamily(name, text)
        counter.add_metric([], count)
        yield counter


def _metric(one: Measured) -> Metric:
    if not one.counts:
        return _gauge(one.name, one.text, one.samples, *one.labels)
    metric = CounterMetricFamily(one.name, one.text, labels=one.labels)
    for values, value in one.samples:
        metric.add_metric(values, value)
    return metric


def _gauge(name: str, text: str, samples: Iterable[tuple[tuple[str, ...], float]], *labels: str) -> Metric:
    metric = GaugeMetricFamily(name, text, labels=labels)
    for values, value in samples:
        metric.add_metric(values, value)
    return metric
