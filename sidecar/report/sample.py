"""What a report is made of: totals of one instant, and how things stand when somebody asks.

A ``Sample`` has what only grows, and is kept; a ``Moment`` has what is so now, and is not. Both are values that
``runtime/control/sampling.py`` fills: nothing here knows where they come from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sidecar.report.standing import BundleStanding, CertificateStanding, KeySetStanding, RevocationStanding, Setup

#: Label values of a counter to its total; those that are 0 may be left out.
Counts = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of each bucket for itself, the last above all ``bounds``, and the sum; in the unit of the bounds."""

    bounds: tuple[float, ...]
    buckets: tuple[int, ...]
    sum: float


@dataclass(frozen=True, slots=True)
class PoolTotals:
    """Work of one pool. ``None``: nobody counts it."""

    tasks: int  #: that ended
    failed: int  #: of those, without a result
    busy_seconds: float | None = None  #: of all its processes, added up
    waits: Histogram | None = None  #: seconds from handing over to the beginning
    handovers: int | None = None  #: times that tasks were handed over, several at once
    shed: int | None = None
    #: Of a pool whose size changes by itself: how long its processes were there, added up.
    there_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class HookTotals:
    """One hook. ``results`` are by how it ended; ``moved`` counts servers that ask it elsewhere."""

    calls: int
    kept: int
    results: Mapping[str, int]
    durations: Histogram
    moved: int


@dataclass(frozen=True, slots=True)
class ProcessTotals:
    """One child, through all of its incarnations."""

    restarts: int | None
    cpu_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class MachineTotals:
    """Seconds of all CPUs of the machine, since it was started."""

    busy_seconds: float
    all_seconds: float


@dataclass(frozen=True, slots=True)
class Sample:
    """Totals at ``at``, in seconds of CLOCK_MONOTONIC. They outlive the processes that add to them."""

    at: float
    checks: Counts  #: by outcome and reason
    durations: Histogram  #: of checks
    issuers: Counts = field(default_factory=dict)  #: of checks, by issuer and outcome
    policies: Counts = field(default_factory=dict)  #: of checks, by policy and outcome
    lookups: Counts = field(default_factory=dict)  #: by tier and result
    evictions: Mapping[str, int] = field(default_factory=dict)  #: by tier
    verifications: Counts = field(default_factory=dict)  #: by route and result
    shed: int = 0
    events: Counts = field(default_factory=dict)  #: by kind and result
    pools: Mapping[str, PoolTotals] = field(default_factory=dict)
    hooks: Mapping[str, HookTotals] = field(default_factory=dict)
    processes: Mapping[str, ProcessTotals] = field(default_factory=dict)
    loop_lag: Histogram | None = None  #: of all event loops
    machine: MachineTotals | None = None


@dataclass(frozen=True, slots=True)
class ProcessMoment:
    """One child now; the fields are those of ``figures.ProcessUse``."""

    name: str
    role: str
    up: bool
    state: str | None = None
    pid: int | None = None
    age_seconds: float | None = None
    heartbeat_age_seconds: float | None = None
    crash_loop: bool = False
    connections: int | None = None
    rss_bytes: int | None = None
    pss_bytes: int | None = None
    loop_lag_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """How things stand. ``workers`` and ``queue_depths`` are by pool."""

    made_at: float  #: seconds since the epoch
    software: str
    setup: Setup
    processes: tuple[ProcessMoment, ...] = ()
    key_sets: tuple[KeySetStanding, ...] = ()
    revocation: RevocationStanding | None = None
    bundle: BundleStanding | None = None
    workers: Mapping[str, int] = field(default_factory=dict)
    queue_depths: Mapping[str, int] = field(default_factory=dict)
    memory_used_bytes: int | None = None
    draining: bool = False
    trust_digest: str | None = None
    reload_ok: bool | None = None
    certificates: tuple[CertificateStanding, ...] = ()
