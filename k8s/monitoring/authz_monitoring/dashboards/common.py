"""Panels that more than one dashboard has."""

from typing import Final

from authz_monitoring.panel import BAD, WARN, Kind, Limit, Panel, Query, Unit, stat
from authz_monitoring.words import FAILED

CHECKS: Final = "sum(rate(authz_checks_total{@}[RATE]))"
#: A reason leads to what the documentation says of it.
REASON: Final = ("what it means", "${docs}/reasons.md#${__field.labels.reason}")

_BUCKETS: Final = "rate(authz_check_duration_seconds_bucket{@}[RATE])"


def share_of(matchers: str) -> str:
    """Return the share of the checks with these labels; no sample where there are no checks."""
    return f"(sum(rate(authz_checks_total{{@, {matchers}}}[RATE])) or vector(0)) / ({CHECKS} > 0)"


def slowest(quantile: float, more: str = "") -> str:
    """Return how long a check takes at most, of this share of them; ``more``: for each value of these labels."""
    return f"histogram_quantile({quantile:g}, sum by (le{more}) ({_BUCKETS}))"


CHECKS_NOW: Final = stat(
    "Checks per second", "Every request that Envoy asked about, whatever the answer.", CHECKS, Unit.PER_SECOND
)
DENIED_NOW: Final = stat(
    "Denied",
    "Share of the checks that were denied, for any reason. High is no fault by itself: compare it with yesterday's.",
    share_of('outcome="denied"'),
    Unit.SHARE,
    alerts=("AuthzDenialsJumped",),
)
FAILED_NOW: Final = stat(
    "Could not be answered",
    "Share of checks that ended in 503: the sidecar, or what it asks, could not tell. The error budget is of these.",
    share_of(f'reason=~"{FAILED}"'),
    Unit.SHARE,
    limits=(Limit(0.001, WARN), Limit(0.01, BAD)),
    alerts=("AuthzErrorBudgetBurn",),
)
P99_NOW: Final = stat(
    "99 of 100 within",
    "From a check's arrival to its answer. Envoy waits 0.2 s by default, and a try gets less than half of that.",
    slowest(0.99),
    Unit.SECONDS,
    limits=(Limit(0.05, WARN), Limit(0.1, BAD)),
    alerts=("AuthzLatencyHigh",),
)
DRY_RUN: Final = stat(
    "Pods that enforce nothing",
    "Pods in global dry run: every request passes.",
    "sum(authz_dry_run{@})",
    Unit.COUNT,
    limits=(Limit(1, BAD),),
    alerts=("AuthzDryRunLeftOn",),
)
BY_OUTCOME: Final = Panel(
    "Checks by outcome",
    "allowed and denied; would_deny passed alone since nothing is enforced (dry run).",
    (Query("sum by (outcome) (rate(authz_checks_total{@}[RATE]))", "{{outcome}}"),),
    Unit.PER_SECOND,
    stacked=True,
)
NOT_ANSWERED: Final = Panel(
    "Could not be answered, by reason",
    "Checks that ended in 503. Empty is what it should be.",
    (Query(f'sum by (reason) (rate(authz_checks_total{{@, reason=~"{FAILED}"}}[RATE]))', "{{reason}}"),),
    Unit.PER_SECOND,
    alerts=("AuthzErrorBudgetBurn",),
    link=REASON,
)
LATENCY: Final = Panel(
    "How long checks take",
    "Half of them within p50, 99 of 100 within p99. With tracing on, points lead to the traces of single checks.",
    tuple(Query(slowest(percent / 100), f"p{percent}") for percent in (50, 90, 99)),
    Unit.SECONDS,
    limits=(Limit(0.1, BAD),),
    alerts=("AuthzLatencyHigh",),
    exemplars=True,
)
HEATMAP: Final = Panel(
    "How long checks take: all of them",
    "How many checks took how long. Two bands are known tokens (tens of microseconds) and new ones; what waits for an "
    "issuer, a hook or a key set lies far above.",
    (Query("sum by (le) (increase(authz_check_duration_seconds_bucket{@}[RATE]))", "{{le}}"),),
    Unit.SECONDS,
    Kind.HEATMAP,
)
HITS: Final = Panel(
    "Identities found in caches",
    "l1: in the process's own memory, of all that were looked for. l1 or l2: there, or in what all processes share. "
    "The rest was verified.",
    (
        Query(
            'sum(rate(authz_cache_lookups_total{@, tier="l1", result="hit"}[RATE])) '
            '/ (sum(rate(authz_cache_lookups_total{@, tier="l1"}[RATE])) > 0)',
            "l1",
        ),
        Query(
            'sum(rate(authz_cache_lookups_total{@, result="hit"}[RATE])) '
            '/ (sum(rate(authz_cache_lookups_total{@, tier="l1"}[RATE])) > 0)',
            "l1 or l2",
        ),
    ),
    Unit.SHARE,
    alerts=("AuthzCacheHitRatioCollapsed",),
)
EVICTIONS: Final = Panel(
    "Live identities put out of caches",
    "For want of room. More than a few: the cache is too small for the tokens in use (shared_memory_size, "
    "cache.local_entries).",
    (Query("sum by (tier) (rate(authz_cache_evictions_total{@}[RATE]))", "{{tier}}"),),
    Unit.PER_SECOND,
)
VERIFICATIONS: Final = Panel(
    "Signatures checked",
    "Inline, where the check came in, or by the pool of verifiers; and how it ended. late: the caller's time was over.",
    (
        Query(
            "sum by (route, result) (rate(authz_verifications_total{@}[RATE]))",
            "{{route}} {{result}}",
        ),
    ),
    Unit.PER_SECOND,
    stacked=True,
)
SHED: Final = Panel(
    "Checks refused since a queue was full",
    "New tokens that came faster than they can be verified. Known tokens are not affected.",
    (Query("sum(rate(authz_shed_total{@}[RATE]))", "shed"),),
    Unit.PER_SECOND,
    alerts=("AuthzErrorBudgetBurn", "AuthzPoolSaturated"),
)
RELOADS: Final = Panel(
    "Configurations and key sets loaded anew",
    "refused: what is new is wrong, and the old stays in force.",
    (Query("sum by (result) (increase(authz_trust_reloads_total{@}[RATE]))", "{{result}}"),),
    Unit.COUNT,
    alerts=("AuthzReloadRefused",),
)
