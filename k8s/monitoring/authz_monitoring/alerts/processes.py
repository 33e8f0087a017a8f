"""Alerts about processes: gone, ending again and again, too busy, or asked in a way that they do not bear."""

from typing import Final

from authz_monitoring.rule import Alert, Severity, When
from authz_monitoring.words import JOB, POD

_WHO: Final = "{{ $labels.namespace }}/{{ $labels.pod }}"
#: Seconds that an event loop may be late, at the most in 10 s: a quarter of what Envoy waits.
_LATE: Final = 0.05
_BUSY: Final = 0.9

ALERTS: Final = (
    Alert(
        "AuthzSidecarDown",
        Severity.CRITICAL,
        "5m",
        (When(f'up{{job="{JOB}"}}', "== 0"),),
        f"{_WHO}: the sidecar cannot be scraped",
        "Where it does not run, every request to this pod is denied. Where only its control process does not answer, "
        "nothing is denied, and nothing is seen either.",
    ),
    Alert(
        "AuthzMetricsAbsent",
        Severity.WARNING,
        "15m",
        (When(f'absent(up{{job="{JOB}"}}) or 0 * count(up{{job="{JOB}"}})', "== 1"),),
        "No sidecar is scraped at all",
        f"There is no target of the job {JOB}: whatever happens to sidecars now, no alert says so.",
    ),
    Alert(
        "AuthzProcessDown",
        Severity.WARNING,
        "5m",
        (When("authz_child_up", "== 0"),),
        f"{_WHO}: {{{{ $labels.child }}}} does not run, or is not ready",
        "The others do its work. Without a server Envoy has one endpoint less; without a verifier signatures are "
        "verified where checks are answered.",
    ),
    Alert(
        "AuthzCrashLoop",
        Severity.CRITICAL,
        "2m",
        (When("authz_child_crash_loop", "== 1"),),
        f"{_WHO}: {{{{ $labels.child }}}} ends again and again",
        "It ended four times or more in a row, and is started more and more rarely. The pod is not ready meanwhile.",
    ),
    Alert(
        "AuthzEventLoopLag",
        Severity.WARNING,
        "10m",
        (When(f"max by ({POD}, process) (authz_process_event_loop_lag_seconds)", f"> {_LATE:g}"),),
        f"{_WHO}: the event loop of {{{{ $labels.process }}}} is {{{{ $value | humanizeDuration }}}} late",
        "Every check in this process waits for so long before it is looked at, those with known tokens too.",
    ),
    Alert(
        "AuthzPoolSaturated",
        Severity.WARNING,
        "10m",
        (When(f"max by ({POD}, pool) (process_pool_utilization)", f"> {_BUSY:g}"),),
        f"{_WHO}: the pool {{{{ $labels.pool }}}} is {{{{ $value | humanizePercentage }}}} busy",
        "What comes on top of it is refused as overloaded. authz-sidecar report says what would help.",
    ),
    Alert(
        "AuthzLimitReached",
        Severity.WARNING,
        "0m",
        (
            # These two are everyday: nobody asked for long, or Envoy was slow to read.
            When(
                f"sum by ({POD}, limit) "
                '(increase(authz_transport_limits_total{limit!~"idle_seconds|write_buffer_bytes"}[15m]))',
                "> 0",
            ),
        ),
        f"{_WHO}: the limit {{{{ $labels.limit }}}} turned somebody away",
        "Envoy comes nowhere near these limits: somebody else asks, or may not and tries (allowed_peers). Where it is "
        "Envoy after all, its checks fail.",
    ),
)
