"""Alerts about checks: that failed, how long they took, what is denied more often than it was, or told of nowhere."""

from typing import Final

from authz_monitoring.recording import CHECKS, DENIED, HITS, P99, failed_over
from authz_monitoring.rule import Alert, Severity, When
from authz_monitoring.words import APP

#: The objective: of all checks this share may end without an answer, over 30 days.
BUDGET: Final = 0.001
#: So often as the budget allows: then an hour takes 2 % of 30 days' budget, or a day 10 %.
_FAST, _SLOW = 14.4, 3
#: Checks a second below which a share says nothing: one of ten is no tenth of anything.
_ENOUGH: Final = "> 0.2"
#: Seconds. Each try of Envoy's gets less than half of its time-out, 0.2 by default.
_SLOWEST: Final = 0.05
#: What share of checks or lookups more than the day before is much.
_JUMP: Final = 0.2
_DROP: Final = 0.3

#: gRPC's statuses that say that the sidecar could not do its work.
_BROKEN: Final = "deadline_exceeded|internal|resource_exhausted|unavailable"
_WHO: Final = "{{ $labels.namespace }}/{{ $labels.app }}"


def _burnt(severity: Severity, speed: float, long: str, short: str) -> Alert:
    limit = f"> {speed * BUDGET:g}"
    return Alert(
        "AuthzErrorBudgetBurn",
        severity,
        "2m" if severity is Severity.CRITICAL else "15m",
        # The long window says that it matters, the short one that it goes on.
        (When(failed_over(long), limit), When(failed_over(short), limit), When(CHECKS, _ENOUGH)),
        f"{_WHO}: {{{{ $value | humanizePercentage }}}} of the checks could not be answered",
        f"Over {long} so many checks ended in 503: {speed:g} times as many as an objective of "
        f"{1 - BUDGET:.1%} allows. The reasons are on the dashboard 'why are requests denied?'.",
    )


ALERTS: Final = (
    _burnt(Severity.CRITICAL, _FAST, "1h", "5m"),
    _burnt(Severity.WARNING, _SLOW, "1d", "2h"),
    Alert(
        "AuthzGrpcErrors",
        Severity.WARNING,
        "5m",
        (
            # The others are what callers are told who are not Envoy, or a caller's own doing.
            When(f'sum by ({APP}) (rate(authz_transport_grpc_errors_total{{status=~"{_BROKEN}"}}[5m]))', "> 0"),
        ),
        f"{_WHO}: checks end in gRPC errors, and not in an answer",
        "An error is no denial. Envoy denies such a request unless failure_mode_allow is set: then it is let in.",
    ),
    Alert(
        "AuthzLatencyHigh",
        Severity.WARNING,
        "10m",
        (When(P99, f"> {_SLOWEST:g}"), When(CHECKS, _ENOUGH)),
        f"{_WHO}: one check of a hundred takes longer than {{{{ $value | humanizeDuration }}}}",
        "Envoy gives a check 0.2 s by default, and each try less than half of that: soon checks will be denied for it.",
    ),
    Alert(
        "AuthzDenialsJumped",
        Severity.WARNING,
        "10m",
        (
            When(f"{DENIED} - avg_over_time({DENIED}[1d] offset 1h)", f"> {_JUMP:g}"),
            When(CHECKS, _ENOUGH),
        ),
        f"{_WHO}: {{{{ $value | humanizePercentage }}}} more of the checks are denied than over the day before",
        "A new policy, an issuer that changed its tokens or keys, a client that lost its credentials, or an attack.",
    ),
    Alert(
        "AuthzCacheHitRatioCollapsed",
        Severity.WARNING,
        "15m",
        (
            When(f"avg_over_time({HITS}[1d] offset 1h) - {HITS}", f"> {_DROP:g}"),
            When(CHECKS, _ENOUGH),
        ),
        f"{_WHO}: {{{{ $value | humanizePercentage }}}} fewer of the identities are found in the caches",
        "Each that is not found costs a signature, a hundred times what a known one does. Tokens live shorter, there "
        "are more of them than the cache holds, or somebody sends ever new ones.",
    ),
    Alert(
        "AuthzDecisionsNotLogged",
        Severity.WARNING,
        "0m",
        (
            # Not those beyond lines_per_second: that many are meant to be left out.
            When(
                f'sum by ({APP}, output) (increase(authz_decision_log_records_total{{result=~"full|failed"}}[15m]))',
                "> 0",
            ),
        ),
        f"{_WHO}: lines of the decision log are lost ({{{{ $labels.output }}}})",
        "Checks are answered as ever. What was decided on these requests stands nowhere, and cannot be had again.",
    ),
)
