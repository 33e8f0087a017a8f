"""Reports for tests: a sidecar that did something at a steady pace, and how it was set up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sidecar.report.build import report
from sidecar.report.history import STEP_SECONDS
from sidecar.report.model import Report
from sidecar.report.sample import (
    Counts,
    Histogram,
    HookTotals,
    MachineTotals,
    Moment,
    PoolTotals,
    ProcessMoment,
    ProcessTotals,
    Sample,
)
from sidecar.report.standing import AdminToken, Setup
from sidecar.report.thresholds import Thresholds
from sidecar.settings.report import ReportSettings

BOUNDS = (0.001, 0.01, 0.1)
LIMITS = ReportSettings.model_validate({}).thresholds
SETUP = Setup(
    multiprocessing=True,
    servers=2,
    verifiers=1,
    jwt_verifiers=0,
    minters=0,
    cpus=4.0,
    cpu_quota=None,
    machine_cpus=4,
    memory_limit_bytes=1 << 30,
    shared_memory_bytes=64 << 20,
    cache_slots=100_000,
    local_entries=4096,
    batch_size_threshold=4,
    hook_workers=1,
    pool_timeout_seconds=0.05,
    dry_run=False,
    admin_token=AdminToken.GOOD,
    hook_limits={"mine:hook": 0.02},
)
NAMES = ("control", "server-0", "server-1", "verifier-0")


def seen(*buckets: int) -> Histogram:
    """Return a histogram with these counts in the buckets up to 1, 10 and 100 ms, and above."""
    counts = (*buckets, 0, 0, 0, 0)[:4]
    return Histogram(
        BOUNDS, counts, sum(count * at for count, at in zip(counts, (0.0005, 0.005, 0.05, 0.5), strict=True))
    )


@dataclass(frozen=True)
class Load:
    """What is done in 5 minutes. ``cpu`` are CPUs by process; ``machine`` those in use, of the four there are."""

    checks: Counts = field(default_factory=dict)
    issuers: Counts = field(default_factory=dict)
    policies: Counts = field(default_factory=dict)
    durations: Histogram = field(default_factory=seen)
    lookups: Counts = field(default_factory=dict)
    evictions: Mapping[str, int] = field(default_factory=dict)
    verifications: Counts = field(default_factory=dict)
    shed: int = 0
    events: Counts = field(default_factory=dict)
    pools: Mapping[str, PoolTotals] = field(default_factory=dict)
    hooks: Mapping[str, HookTotals] = field(default_factory=dict)
    restarts: Mapping[str, int] = field(default_factory=dict)
    cpu: Mapping[str, float] | None = None
    machine: float | None = None
    loop_lag: Histogram | None = None

    def sample(self, at: float) -> Sample:
        """Return the totals after ``at`` seconds."""
        part = at / 300.0
        return Sample(
            at=at,
            checks=_times(self.checks, part),
            durations=_histogram(self.durations, part),
            issuers=_times(self.issuers, part),
            policies=_times(self.policies, part),
            lookups=_times(self.lookups, part),
            evictions=_times(self.evictions, part),
            verifications=_times(self.verifications, part),
            shed=round(self.shed * part),
            events=_times(self.events, part),
            pools={name: _pool(pool, part) for name, pool in self.pools.items()},
            hooks={name: _hook(hook, part) for name, hook in self.hooks.items()},
            processes={name: self._process(name, at) for name in NAMES},
            loop_lag=None if self.loop_lag is None else _histogram(self.loop_lag, part),
            machine=None if self.machine is None else MachineTotals(self.machine * at, 4.0 * at),
        )

    def _process(self, name: str, at: float) -> ProcessTotals:
        cpu = None if self.cpu is None else self.cpu.get(name, 0.0) * at
        return ProcessTotals(round(self.restarts.get(name, 0) * at / 300.0), cpu)


def moment(setup: Setup = SETUP, **others: object) -> Moment:
    """Return that all is well."""
    found = Moment(
        made_at=1.7e9,
        software="1.2.3",
        setup=setup,
        processes=tuple(
            ProcessMoment(name, name.partition("-")[0], up=True, state="ready", pid=100, age_seconds=3600.0)
            for name in NAMES
        ),
        workers={"verifier": setup.verifiers, "minter": setup.minters, "hook": setup.hook_workers * setup.servers},
    )
    return replace(found, **others)  # type: ignore[arg-type] # its fields, by their names


def history(load: Load, seconds: float) -> Sequence[Sample]:
    """Return the samples of so many seconds, the last of them now."""
    steps = int(seconds / STEP_SECONDS)
    return [load.sample(step * STEP_SECONDS) for step in range(steps)] + [load.sample(seconds)]


def after(
    load: Load = Load(),
    at: Moment | None = None,
    seconds: float = 300.0,
    limits: Thresholds = LIMITS,
) -> Report:
    """Return the report after ``seconds`` of a load."""
    *before, now = history(load, seconds)
    return report(before, now, moment() if at is None else at, limits)


def alerts_of(found: Report) -> set[str]:
    """Return which alerts there are."""
    return {one.id for one in found.alerts}


def advice_of(found: Report) -> set[str]:
    """Return which advice there is."""
    return {one.id for one in found.advice}


def _times(counts: Mapping[str, int] | Counts, part: float) -> dict:  # type: ignore[type-arg] # as it came
    return {key: round(count * part) for key, count in counts.items()}


def _histogram(whole: Histogram, part: float) -> Histogram:
    return Histogram(whole.bounds, tuple(round(count * part) for count in whole.buckets), whole.sum * part)


def _pool(whole: PoolTotals, part: float) -> PoolTotals:
    return PoolTotals(
        tasks=round(whole.tasks * part),
        failed=round(whole.failed * part),
        busy_seconds=None if whole.busy_seconds is None else whole.busy_seconds * part,
        waits=None if whole.waits is None else _histogram(whole.waits, part),
        handovers=None if whole.handovers is None else round(whole.handovers * part),
        shed=None if whole.shed is None else round(whole.shed * part),
    )


def _hook(whole: HookTotals, part: float) -> HookTotals:
    return HookTotals(
        calls=round(whole.calls * part),
        kept=round(whole.kept * part),
        results=_times(whole.results, part),
        durations=_histogram(whole.durations, part),
        moved=whole.moved,
    )
