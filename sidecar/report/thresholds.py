"""When a figure is worth an alert: values of the ``report`` section of the configuration, which has their reasons."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Shares are from 0 to 1; ``sidecar.settings.report`` has the defaults, and says what each is."""

    min_seconds: float
    min_checks: int
    error_share: float
    denied_share: float
    forged_share: float
    shed_share: float
    latency_p99_seconds: float
    cache_hit_ratio: float
    cache_eviction_share: float
    cache_torn_share: float
    pool_busy_share: float
    pool_idle_share: float
    pool_failed_share: float
    queue_wait_p99_seconds: float
    cpu_busy_share: float
    loop_lag_p99_seconds: float
    memory_share: float
    restarts: int
    key_stale_share: float
    fetch_failures: int
    certificate_days: float
    feed_lag_seconds: float
    denylist_share: float
    hook_failed_share: float
    hook_slow_share: float
