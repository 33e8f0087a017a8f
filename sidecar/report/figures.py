"""What a report says of one stretch of time: rates, shares and quantiles.

Counts are of the whole stretch, ``per_second`` are its mean; shares and ratios are from 0 to 1. ``None``: not known, or
nothing to divide by. Quantiles come from a histogram's buckets: interpolated within one, and never above the highest
bound, so that what is slower than that is told by ``above_highest`` alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Latency:
    """How long something took, in seconds."""

    count: int
    mean_seconds: float | None
    p50_seconds: float | None
    p95_seconds: float | None
    p99_seconds: float | None
    above_highest: int = 0  #: how many took longer than the highest bound


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """Checks that ended in one way. ``outcome``: allowed, denied, would_deny. ``reason``: as in docs/reasons.md."""

    outcome: str
    reason: str
    count: int
    per_second: float


@dataclass(frozen=True, slots=True)
class Checks:
    """All checks. ``error``: denied since the sidecar could not do its work (503). ``forged``: no honest client's.

    ``would_deny``: let pass, since nothing is enforced (dry_run). Shares are of all checks.
    """

    count: int
    per_second: float
    allowed_per_second: float
    denied_per_second: float
    would_deny_per_second: float
    denied_share: float | None
    error_share: float | None
    forged_share: float | None
    latency: Latency
    reasons: tuple[ReasonCount, ...]  #: the most frequent first; those that happened


@dataclass(frozen=True, slots=True)
class NamedChecks:
    """Checks of one issuer's tokens, or that one policy decided. Outcomes as in ``ReasonCount``.

    ``name`` is the configuration's; empty for those that were of nobody's tokens, or that no policy decided; ``other``
    for all that are not told apart.
    """

    name: str
    count: int
    per_second: float
    denied: int
    denied_per_second: float
    denied_share: float | None
    would_deny: int


@dataclass(frozen=True, slots=True)
class CacheUse:
    """Identities looked for in one cache. ``tier``: l1 is each server's own, l2 the one in shared memory."""

    tier: str
    lookups: int
    per_second: float
    hits: int
    misses: int
    expired: int
    torn: int
    evictions: int
    evictions_per_second: float
    hit_ratio: float | None


@dataclass(frozen=True, slots=True)
class Verifications:
    """Signatures. ``results`` are counts by route (inline, pool) and by how they ended (valid, invalid, …)."""

    count: int
    per_second: float
    results: Mapping[str, Mapping[str, int]]
    pool_share: float | None  #: of them, done by verifier processes
    invalid_share: float | None


@dataclass(frozen=True, slots=True)
class PoolUse:
    """Processes that do one kind of work. ``busy_share`` is of the time of all of them, 1 is all of it."""

    pool: str  #: verifier, minter, hook: as the metrics name it
    workers: int
    tasks: int
    per_second: float
    success_share: float | None
    busy_share: float | None
    queue_wait: Latency | None
    queue_depth: int | None  #: tasks that wait at this moment
    batch_mean: float | None  #: tasks handed over at once
    shed: int | None  #: tasks refused since the queue was full


@dataclass(frozen=True, slots=True)
class ProcessUse:
    """One child process. ``cpu_share`` is in CPUs: 1 is one of them, all of the time."""

    name: str
    role: str  #: control, server, verifier, minter
    up: bool  #: runs, and says that it is ready
    state: str | None  #: starting, ready, draining, stopped, failed
    pid: int | None
    age_seconds: float | None  #: since it was started
    heartbeat_age_seconds: float | None
    restarts: int | None  #: since the sidecar started
    restarts_within: int | None  #: in this stretch of time
    crash_loop: bool
    connections: int | None
    cpu_share: float | None
    rss_bytes: int | None
    pss_bytes: int | None  #: the same with shared pages split among those who share them
    loop_lag_seconds: float | None  #: by which its event loop was late at the most, lately


@dataclass(frozen=True, slots=True)
class HookUse:
    """One Python hook. ``results`` are counts: nothing, allow, add, deny, failed, timeout, shed."""

    name: str
    calls: int
    per_second: float
    results: Mapping[str, int]
    failed_share: float | None  #: failed, timeout and shed, of those that ended
    kept_share: float | None  #: of the times that it was wanted, not asked since its result was kept
    duration: Latency
    moved: int  #: servers that have it asked in a process of its own since it was too slow; since the start


@dataclass(frozen=True, slots=True)
class Window:
    """One stretch of time up to the report. ``name``: live, 1m, 5m, 15m."""

    name: str
    wanted_seconds: float
    seconds: float  #: what there are samples of; less than wanted after a start
    checks: Checks
    caches: tuple[CacheUse, ...]
    hit_ratio: float | None  #: of what was looked for, found in either cache
    verifications: Verifications
    shed: int  #: checks refused since a queue was full
    pools: tuple[PoolUse, ...]
    processes: tuple[ProcessUse, ...]
    hooks: tuple[HookUse, ...]
    loop_lag: Latency | None  #: by which event loops were late, servers' and control's
    events: Mapping[str, Mapping[str, int]]  #: counts by kind and result: reloads, introspections, assertions, …
    issuers: tuple[NamedChecks, ...] = ()  #: the most frequent first; each check is of one of them
    policies: tuple[NamedChecks, ...] = ()  #: likewise
