"""The performance report: from where on a figure is worth an alert (docs/report.md)."""

from pydantic import Field

from sidecar.report.thresholds import Thresholds
from sidecar.settings.base import Model


def _share(default: float, description: str) -> float:
    """Return a field for a share, from 0 to 1."""
    field: float = Field(default, gt=0, le=1, description=description)
    return field


class ReportSettings(Model):
    """Thresholds of the report's alerts, and of what it advises. May be changed while processes run."""

    min_seconds: float = Field(
        60.0,
        ge=5,
        le=900,
        description="Seconds that must have been observed before rates and shares mean anything: a minute after the "
        "start caches are warm.",
    )
    min_checks: int = Field(
        100,
        ge=1,
        le=1_000_000_000,
        description="Checks, lookups, calls or tasks, of which a share is made, that must have come: 1 of 100 is the "
        "smallest share that is alerted about by default.",
    )
    error_share: float = _share(
        0.01, "Share of checks that were denied since the sidecar could not do its work (503). Callers see these."
    )
    denied_share: float = _share(
        0.5, "Share of checks that were denied, for whatever reason. Half: more is hardly meant, but may be usual here."
    )
    forged_share: float = _share(
        0.1, "Share of checks with what no honest client sends, such as wrong signatures. Some come from every scan."
    )
    shed_share: float = _share(
        0.001, "Share of checks that were refused since a queue was full. Nobody should be, so that few are many."
    )
    latency_p99_seconds: float = Field(
        0.05,
        gt=0,
        le=10,
        description="Seconds in which 99 of 100 checks must be answered. Envoy's deadline is 0.2 by default.",
    )
    cache_hit_ratio: float = _share(
        0.5, "Share of identities found in either cache below which most tokens are new, and cost 16 times as much."
    )
    cache_eviction_share: float = _share(
        0.1, "Live identities put out of a cache, by those looked for there in vain: the cache is too small for them."
    )
    cache_torn_share: float = _share(
        0.001, "Share of lookups in shared memory that met an entry half written. Each costs a verification."
    )
    pool_busy_share: float = _share(
        0.8, "Share of a pool's time that it works. Above four fifths waiting times grow without bounds."
    )
    pool_idle_share: float = _share(
        0.01, "Share of the verifiers' time below which they are a CPU that a busy server could use."
    )
    pool_failed_share: float = _share(0.01, "Share of a pool's tasks that ended without a result.")
    queue_wait_p99_seconds: float = Field(
        0.005,
        gt=0,
        le=10,
        description="Seconds in which 99 of 100 tasks of a pool must begin. A tenth of process_pool_timeout.",
    )
    cpu_busy_share: float = _share(
        0.85, "Share of a CPU that a server takes. Each has one loop, and so one CPU: above that checks wait in line."
    )
    loop_lag_p99_seconds: float = Field(
        0.02,
        gt=0,
        le=10,
        description="Seconds that a process's event loop may be late, 99 times of 100. A tenth of Envoy's deadline.",
    )
    memory_share: float = _share(0.9, "Share of the cgroup's memory in use. At all of it the kernel kills a process.")
    restarts: int = Field(
        3, ge=1, le=10_000, description="Times that a process was started again within 15 minutes. A reload takes none."
    )
    key_stale_share: float = _share(
        0.5, "Age of an issuer's keys, as a share of max_stale_seconds, at which they are dropped. Half: time to act."
    )
    fetch_failures: int = Field(
        3, ge=1, le=10_000, description="Times in a row that fetching keys or policies failed. One or two are usual."
    )
    certificate_days: float = Field(
        14.0,
        gt=0,
        le=365,
        description="Days that the certificate of a server with keys must still be good. What renews by itself does so "
        "before.",
    )
    feed_lag_seconds: float = Field(
        30.0,
        gt=0,
        le=86400,
        description="Seconds since the revocation feed was read to its end: so long what is revoked passes.",
    )
    denylist_share: float = _share(0.8, "Share of the denylist that is full. When all of it is, we are not ready.")
    hook_failed_share: float = _share(0.01, "Share of a hook's calls that failed, took too long or were shed.")
    hook_slow_share: float = _share(
        0.5, "A hook's 99th percentile, as a share of what it may take, above which it may soon be too slow."
    )

    @property
    def thresholds(self) -> Thresholds:
        """Return them as the report takes them."""
        return Thresholds(**self.model_dump())
