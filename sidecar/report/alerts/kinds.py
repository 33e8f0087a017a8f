"""Every alert that there is: how severe it is, and which threshold it goes by. docs/report.md has the same table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sidecar.report.model import Alert, Severity
from sidecar.report.thresholds import Thresholds

_CRITICAL, _WARNING = Severity.CRITICAL, Severity.WARNING


@dataclass(frozen=True, slots=True)
class Kind:
    """``threshold`` is a field of ``Thresholds``, or empty where once is too often. ``below``: it alerts under it."""

    severity: Severity
    threshold: str
    unit: str
    window: str  #: that it looks at: 5m, 15m, now
    meaning: str
    below: bool = False


KINDS: Final[Mapping[str, Kind]] = {
    "errors": Kind(_CRITICAL, "error_share", "share", "5m", "Checks denied since the sidecar could not do its work."),
    "denials": Kind(_WARNING, "denied_share", "share", "5m", "Checks denied."),
    "forged": Kind(_WARNING, "forged_share", "share", "5m", "Checks with what no honest client sends."),
    "shed": Kind(_CRITICAL, "shed_share", "share", "5m", "Checks refused since a queue was full."),
    "grpc_errors": Kind(_WARNING, "", "times", "5m", "Checks ended in a gRPC error, and without an answer."),
    "latency": Kind(_WARNING, "latency_p99_seconds", "s", "5m", "99th percentile of what a check takes."),
    "cache_hits": Kind(_WARNING, "cache_hit_ratio", "share", "5m", "Identities found in a cache.", below=True),
    "cache_evictions": Kind(
        _WARNING, "cache_eviction_share", "share", "5m", "Evictions from shared memory, by misses there."
    ),
    "cache_torn": Kind(_WARNING, "cache_torn_share", "share", "5m", "Lookups that met an entry half written."),
    "pool_busy": Kind(_WARNING, "pool_busy_share", "share", "5m", "Share of its time that a pool works."),
    "pool_failures": Kind(_WARNING, "pool_failed_share", "share", "5m", "Tasks of a pool without a result."),
    "queue_wait": Kind(_WARNING, "queue_wait_p99_seconds", "s", "5m", "99th percentile of waiting for a pool."),
    "hook_failures": Kind(_WARNING, "hook_failed_share", "share", "5m", "Calls of a hook that failed, or were late."),
    "hook_slow": Kind(_WARNING, "hook_slow_share", "share", "5m", "A hook's 99th percentile, by what it may take."),
    "cpu_busy": Kind(_WARNING, "cpu_busy_share", "CPUs", "5m", "Share of a CPU that a server takes."),
    "loop_lag": Kind(_WARNING, "loop_lag_p99_seconds", "s", "5m", "99th percentile of an event loop's being late."),
    "memory": Kind(_CRITICAL, "memory_share", "share", "now", "Memory of the cgroup in use, by its limit."),
    "restarts": Kind(_WARNING, "restarts", "times", "15m", "Times that a process was started again."),
    "crash_loop": Kind(_CRITICAL, "", "times", "now", "A process ends again and again."),
    "process_down": Kind(_CRITICAL, "", "times", "now", "A process does not run, or is not ready."),
    "reload_refused": Kind(_WARNING, "", "times", "now", "What was read last is refused; what was there before stays."),
    "keys_missing": Kind(_CRITICAL, "", "times", "now", "An issuer has no keys, so that its tokens are denied."),
    "keys_stale": Kind(_WARNING, "key_stale_share", "share", "now", "Age of an issuer's keys, by max_stale_seconds."),
    "fetch_failures": Kind(_WARNING, "fetch_failures", "times", "now", "Fetching keys or policies failed in a row."),
    "certificate_expiry": Kind(
        _WARNING,
        "certificate_days",
        "days",
        "now",
        "Until a certificate expires: ours, or of a server with keys.",
        below=True,
    ),
    "feed_lost": Kind(_CRITICAL, "", "times", "now", "The revocation feed is not connected."),
    "feed_lag": Kind(_WARNING, "feed_lag_seconds", "s", "now", "Since the revocation feed was read to its end."),
    "feed_gaps": Kind(_CRITICAL, "", "times", "now", "The feed lost entries before they were read."),
    "forged_revocations": Kind(_WARNING, "", "times", "15m", "Messages of the feed that nobody signed who may revoke."),
    "denylist_full": Kind(_WARNING, "denylist_share", "share", "now", "Share of the denylist that is full."),
    "denylist_incomplete": Kind(_CRITICAL, "", "times", "now", "Nobody vouches for the denylist: all are denied."),
    "bundle_out_of_force": Kind(_CRITICAL, "", "times", "now", "What the policy bundle allows is denied."),
}


def threshold_of(kind: str, limits: Thresholds) -> float:
    """Return the threshold of an alert; 1 for those that are there or not."""
    name = KINDS[kind].threshold
    return float(getattr(limits, name)) if name else 1.0


def raised(kind: str, limits: Thresholds, value: float | None, text: str, about: str = "") -> Alert | None:
    """Return an alert if ``value`` has come to the threshold; unknown never has."""
    what, threshold = KINDS[kind], threshold_of(kind, limits)
    if value is None or (value >= threshold if what.below else value < threshold):
        return None
    setting = f"report.{what.threshold}" if what.threshold else ""
    return Alert(kind, what.severity, about, text, float(value), threshold, what.unit, setting, what.window)
