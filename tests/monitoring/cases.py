"""When each alert fires and when it does not: series over time, and what Prometheus is to say of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from authz_monitoring.rule import Severity

CRITICAL, WARNING = Severity.CRITICAL, Severity.WARNING
_APP = 'namespace="shop", app="orders"'
_POD = f'{_APP}, pod="orders-1"'
_OF_APP = {"namespace": "shop", "app": "orders"}
_OF_POD = {**_OF_APP, "pod": "orders-1"}


@dataclass(frozen=True)
class Fired:
    """One alert that fires: its labels but for the severity, and its summary."""

    severity: Severity
    labels: Mapping[str, str]
    summary: str


@dataclass(frozen=True)
class Case:
    """``series`` have a value a minute, in promtool's notation. ``fired`` at ``at``: nothing, where it is quiet."""

    alert: str
    series: Mapping[str, str]
    at: str
    fired: Sequence[Fired] = field(default_factory=tuple)


def _checks(outcome: str, reason: str) -> str:
    return f'authz_checks_total{{{_POD}, outcome="{outcome}", reason="{reason}"}}'


_GOOD, _SHED, _NO = _checks("allowed", "allowed"), _checks("denied", "overloaded"), _checks("denied", "no_credential")
_P_50, _P_ALL = (f'authz_check_duration_seconds_bucket{{{_POD}, le="{le}"}}' for le in ("0.05", "+Inf"))
_P_LONG = f'authz_check_duration_seconds_bucket{{{_POD}, le="0.1"}}'


def _lookups(tier: str, result: str) -> str:
    return f'authz_cache_lookups_total{{{_POD}, tier="{tier}", result="{result}"}}'


_HIT, _SHARED, _MISS = _lookups("l1", "hit"), _lookups("l2", "hit"), _lookups("l1", "miss")
_ISSUER = {"issuer": "https://idp.example"}
_BUNDLE = {"bundle": "orders"}


def _gauge(name: str, **labels: str) -> str:
    more = "".join(f', {label}="{value}"' for label, value in labels.items())
    return f"{name}{{{_POD}{more}}}"


def _both(alert: str, series: Mapping[str, str], at: str, labels: Mapping[str, str], summary: str) -> Case:
    return Case(alert, series, at, [Fired(severity, labels, summary) for severity in (CRITICAL, WARNING)])


def _one(alert: str, series: Mapping[str, str], at: str, labels: Mapping[str, str], summary: str) -> Case:
    return Case(alert, series, at, [Fired(WARNING, labels, summary)])


def _urgent(alert: str, series: Mapping[str, str], at: str, labels: Mapping[str, str], summary: str) -> Case:
    return Case(alert, series, at, [Fired(CRITICAL, labels, summary)])


_AGE, _KEYS, _FAILURES = (
    _gauge(f"authz_{name}", **_ISSUER) for name in ("key_set_age_seconds", "keys", "key_fetch_failures_in_a_row")
)
_SERVER = _gauge("authz_key_server_certificate_expiry_timestamp_seconds", **_ISSUER)
_OWN = _gauge("authz_tls_certificate_expiry_timestamp_seconds", listener="checks")
_UP = f'up{{job="authz-sidecar", {_POD}}}'
_CHILD = _gauge("authz_child_up", child="server-1")
_LOOP = _gauge("authz_child_crash_loop", child="verifier-0")
_LAG = _gauge("authz_process_event_loop_lag_seconds", process="server-0")
_BUSY = _gauge("process_pool_utilization", pool="verifier")
_FEED, _COMPLETE = _gauge("authz_revocation_feed_lag_seconds"), _gauge("authz_denylist_complete")
_ENTRIES, _ROOM = _gauge("authz_denylist_entries"), _gauge("authz_denylist_capacity")
_GAPS = _gauge("authz_revocation_feed_gaps_total")
_FORGED = _gauge("authz_revocation_entries_total", source="feed", result="forged")
_RELOADED, _DRY = _gauge("authz_trust_last_reload_successful"), _gauge("authz_dry_run")
_OLD, _ENDS, _IN_FORCE = (
    _gauge(f"authz_policy_bundle_{name}", **_BUNDLE) for name in ("age_seconds", "expiry_timestamp_seconds", "in_force")
)
_ERRORS, _STRANGE = (
    _gauge("authz_transport_grpc_errors_total", status=status) for status in ("internal", "unimplemented")
)
_LOST, _LIMITED = (
    _gauge("authz_decision_log_records_total", output="file", result=result) for result in ("failed", "limited")
)
_TOO_LARGE, _IDLE = (
    _gauge("authz_transport_limits_total", limit=name) for name in ("max_message_bytes", "idle_seconds")
)
_BAD_LINES, _BAD_POSTS = (
    _gauge("authz_revocation_entries_total", source=source, result="refused") for source in ("file", "api")
)
_TENANT = {"tenant": "shop.orders"}
_IS_REFUSED, _IS_READY = (_gauge(f"authz_agent_tenant_{name}", **_TENANT) for name in ("refused", "ready"))
#: 60 checks a minute for a day, and for an hour after it.
_STEADY = "0+60x1500"

CASES = (
    # A sidecar that is an hour old: a day is no longer than that, and says the same.
    Case(
        "AuthzErrorBudgetBurn",
        {_GOOD: "0+98x80", _SHED: "0+2x80"},
        "70m",
        [
            Fired(severity, _OF_APP, "shop/orders: 2% of the checks could not be answered")
            for severity in (CRITICAL, WARNING)
        ],
    ),
    Case("AuthzErrorBudgetBurn", {_GOOD: "0+999x80", _SHED: "0+1x80"}, "70m"),
    # It was bad, and is not any more: the hour says so still, and the last minutes do not.
    _one(
        "AuthzErrorBudgetBurn",
        {_GOOD: "0+98x80", _SHED: "0+2x70 140x10"},
        "80m",
        _OF_APP,
        "shop/orders: 1.754% of the checks could not be answered",
    ),
    # One of two checks in two minutes is no share of anything.
    Case("AuthzErrorBudgetBurn", {_GOOD: "0+0.25x80", _SHED: "0+0.25x80"}, "70m"),
    # What is denied for the client's sake is no failure.
    Case("AuthzErrorBudgetBurn", {_GOOD: "0+50x80", _NO: "0+50x80"}, "70m"),
    _one(
        "AuthzErrorBudgetBurn",
        {_GOOD: "0+1990x1500", _SHED: "0+10x1500"},
        "1500m",
        _OF_APP,
        "shop/orders: 0.5% of the checks could not be answered",
    ),
    _one(
        "AuthzGrpcErrors",
        {_ERRORS: "0+1x20"},
        "12m",
        _OF_APP,
        "shop/orders: checks end in gRPC errors, and not in an answer",
    ),
    Case("AuthzGrpcErrors", {_ERRORS: "5x20", _STRANGE: "0+1x20"}, "12m"),
    _one(
        "AuthzLatencyHigh",
        {_P_50: "0+90x60", _P_LONG: "0+100x60", _P_ALL: "0+100x60", _GOOD: "0+100x60"},
        "30m",
        _OF_APP,
        "shop/orders: one check of a hundred takes longer than 95ms",
    ),
    Case(
        "AuthzLatencyHigh",
        {_P_50: "0+995x60", _P_LONG: "0+1000x60", _P_ALL: "0+1000x60", _GOOD: "0+1000x60"},
        "30m",
    ),
    # Not for so long yet.
    Case("AuthzLatencyHigh", {_P_50: "0+90x8", _P_LONG: "0+100x8", _P_ALL: "0+100x8", _GOOD: "0+100x8"}, "8m"),
    _one(
        "AuthzDenialsJumped",
        {_GOOD: "0+90x1440 129600+50x60", _NO: "0+10x1440 14400+50x60"},
        "1500m",
        _OF_APP,
        "shop/orders: 40% more of the checks are denied than over the day before",
    ),
    Case("AuthzDenialsJumped", {_GOOD: "0+50x1500", _NO: "0+50x1500"}, "1500m"),
    Case("AuthzDenialsJumped", {_GOOD: "0+90x1440 129600+80x60", _NO: "0+10x1440 14400+20x60"}, "1500m"),
    _one(
        "AuthzCacheHitRatioCollapsed",
        {_HIT: "0+90x1440 129600+30x60", _SHARED: "0+5x1440 7200+5x60", _MISS: "0+10x1440 14400+70x60", _GOOD: _STEADY},
        "1500m",
        _OF_APP,
        "shop/orders: 60% fewer of the identities are found in the caches",
    ),
    Case(
        "AuthzCacheHitRatioCollapsed",
        {_HIT: "0+30x1500", _SHARED: "0x1500", _MISS: "0+70x1500", _GOOD: _STEADY},
        "1500m",
    ),
    _urgent(
        "AuthzSidecarDown",
        {_UP: "0x20"},
        "6m",
        {**_OF_POD, "job": "authz-sidecar"},
        "shop/orders-1: the sidecar cannot be scraped",
    ),
    Case("AuthzSidecarDown", {_UP: "1 0 0 1 1 1 0 0 1 1"}, "8m"),
    Case("AuthzSidecarDown", {'up{job="node", pod="orders-1"}': "0x20"}, "15m"),
    _one(
        "AuthzMetricsAbsent",
        {'up{job="node"}': "1x40"},
        "16m",
        {"job": "authz-sidecar"},
        "No sidecar is scraped at all",
    ),
    Case("AuthzMetricsAbsent", {_UP: "0x40"}, "30m"),
    _one(
        "AuthzProcessDown",
        {_CHILD: "1 0x20"},
        "7m",
        {**_OF_POD, "child": "server-1"},
        "shop/orders-1: server-1 does not run, or is not ready",
    ),
    Case("AuthzProcessDown", {_CHILD: "1 0 0 1 1 1 1 0 0 1 1"}, "9m"),
    _urgent(
        "AuthzCrashLoop",
        {_LOOP: "0 1x20"},
        "4m",
        {**_OF_POD, "child": "verifier-0"},
        "shop/orders-1: verifier-0 ends again and again",
    ),
    Case("AuthzCrashLoop", {_LOOP: "0 1 0x20"}, "5m"),
    _one(
        "AuthzEventLoopLag",
        {_LAG: "0.08x20"},
        "12m",
        {**_OF_POD, "process": "server-0"},
        "shop/orders-1: the event loop of server-0 is 80ms late",
    ),
    Case("AuthzEventLoopLag", {_LAG: "0.001x5 0.3 0.001x20"}, "12m"),
    _one(
        "AuthzPoolSaturated",
        {_BUSY: "0.95x20"},
        "12m",
        {**_OF_POD, "pool": "verifier"},
        "shop/orders-1: the pool verifier is 95% busy",
    ),
    Case("AuthzPoolSaturated", {_BUSY: "0.85x20"}, "12m"),
    _one(
        "AuthzKeySetStale",
        {_AGE: "3700x20"},
        "12m",
        {**_OF_APP, **_ISSUER},
        "shop/orders: the keys of https://idp.example were last confirmed 1h 1m 40s ago",
    ),
    _both(
        "AuthzKeySetStale",
        {_AGE: "50000x20"},
        "12m",
        {**_OF_APP, **_ISSUER},
        "shop/orders: the keys of https://idp.example were last confirmed 13h 53m 20s ago",
    ),
    Case("AuthzKeySetStale", {_AGE: "0+60x15 0+60x15"}, "28m"),
    _urgent(
        "AuthzKeysMissing",
        {_KEYS: "0x20", _FAILURES: "3x20"},
        "6m",
        {**_OF_APP, **_ISSUER},
        "shop/orders: there is no key of https://idp.example",
    ),
    Case("AuthzKeysMissing", {_KEYS: "2x20", _FAILURES: "3x20"}, "6m"),
    # One that is asked about each token has no keys, and is not fetched.
    Case("AuthzKeysMissing", {_KEYS: "0x20"}, "15m"),
    # Times are from 1970 on, as the tests' are.
    _one(
        "AuthzKeyServerCertificateExpiring",
        {_SERVER: "864000x80"},
        "70m",
        {**_OF_APP, **_ISSUER},
        "shop/orders: the certificate of the server with the keys of https://idp.example expires in 9d 22h 50m 0s",
    ),
    _both(
        "AuthzCertificateExpiring",
        {_OWN: "93600x80"},
        "70m",
        {**_OF_APP, "listener": "checks"},
        "shop/orders: the certificate of our listener checks expires in 1d 0h 50m 0s",
    ),
    _both(
        "AuthzKeyServerCertificateExpiring",
        {_SERVER: "93600x80"},
        "70m",
        {**_OF_APP, **_ISSUER},
        "shop/orders: the certificate of the server with the keys of https://idp.example expires in 1d 0h 50m 0s",
    ),
    Case("AuthzKeyServerCertificateExpiring", {_SERVER: "2592000x80"}, "70m"),
    Case("AuthzCertificateExpiring", {_OWN: "2592000x80"}, "70m"),
    _urgent(
        "AuthzRevocationFeedLagging",
        {_FEED: "0+60x20"},
        "5m",
        _OF_APP,
        "shop/orders: the revocation feed was last read to its end 5m 0s ago",
    ),
    Case("AuthzRevocationFeedLagging", {_FEED: "0.01 70 0.01x20"}, "5m"),
    _urgent(
        "AuthzDenylistIncomplete",
        {_COMPLETE: "0x20"},
        "3m",
        _OF_POD,
        "shop/orders-1: it is not known what is revoked, and everybody is denied",
    ),
    Case("AuthzDenylistIncomplete", {_COMPLETE: "0 1x20"}, "3m"),
    _one(
        "AuthzDenylistFilling",
        {_ENTRIES: "95x20", _ROOM: "100x20"},
        "12m",
        _OF_APP,
        "shop/orders: 95% of the denylist is taken",
    ),
    _both(
        "AuthzDenylistFilling",
        {_ENTRIES: "100x20", _ROOM: "100x20"},
        "12m",
        _OF_APP,
        "shop/orders: 100% of the denylist is taken",
    ),
    Case("AuthzDenylistFilling", {_ENTRIES: "80x20", _ROOM: "100x20"}, "12m"),
    _urgent(
        "AuthzRevocationsLost",
        {_GAPS: "0x10 1x10"},
        "12m",
        _OF_APP,
        "shop/orders: the revocation feed lost entries before they were read",
    ),
    Case("AuthzRevocationsLost", {_GAPS: "1x20"}, "15m"),
    _one(
        "AuthzForgedRevocations",
        {_FORGED: "0x10 3x10"},
        "12m",
        _OF_APP,
        "shop/orders: messages of the revocation feed are signed by nobody who may revoke",
    ),
    Case("AuthzForgedRevocations", {_FORGED: "0x10 3x30"}, "35m"),
    _one(
        "AuthzReloadRefused",
        {_RELOADED: "1 0x20"},
        "12m",
        _OF_APP,
        "shop/orders: the new configuration is refused, and the old one stays in force",
    ),
    Case("AuthzReloadRefused", {_RELOADED: "1 0x5 1x20"}, "12m"),
    _one(
        "AuthzBundleStale",
        {_OLD: "3700x20"},
        "12m",
        {**_OF_APP, **_BUNDLE},
        "shop/orders: the policy bundle orders was confirmed 1h 1m 40s ago",
    ),
    Case("AuthzBundleStale", {_OLD: "60x20"}, "12m"),
    _one(
        "AuthzBundleExpiring",
        {_ENDS: "7320x20"},
        "12m",
        {**_OF_APP, **_BUNDLE},
        "shop/orders: the policy bundle orders expires in 1h 50m 0s",
    ),
    Case("AuthzBundleExpiring", {_ENDS: "200000x20"}, "12m"),
    _urgent(
        "AuthzBundleNotInForce",
        {_IN_FORCE: "0x20"},
        "6m",
        {**_OF_APP, **_BUNDLE},
        "shop/orders: the policy bundle orders is not in force",
    ),
    Case("AuthzBundleNotInForce", {_IN_FORCE: "0 0 1x20"}, "6m"),
    _one("AuthzDryRunLeftOn", {_DRY: "1x1500"}, "1500m", _OF_APP, "shop/orders: nothing is enforced (dry_run)"),
    Case("AuthzDryRunLeftOn", {_DRY: "1x300 0x1200"}, "1500m"),
    _one(
        "AuthzDecisionsNotLogged",
        {_LOST: "0x10 3x10", _LIMITED: "0+5x20"},
        "12m",
        {**_OF_APP, "output": "file"},
        "shop/orders: lines of the decision log are lost (file)",
    ),
    # Those of before, and what is more than was asked for.
    Case("AuthzDecisionsNotLogged", {_LOST: "3x20", _LIMITED: "0+5x20"}, "12m"),
    _one(
        "AuthzLimitReached",
        {_TOO_LARGE: "0x10 1x10", _IDLE: "0+1x20"},
        "12m",
        {**_OF_POD, "limit": "max_message_bytes"},
        "shop/orders-1: the limit max_message_bytes turned somebody away",
    ),
    Case("AuthzLimitReached", {_TOO_LARGE: "1x20", _IDLE: "0+1x20"}, "12m"),
    _urgent(
        "AuthzRevocationsRefused",
        {_BAD_LINES: "0x10 2x10", _BAD_POSTS: "0x20"},
        "12m",
        {**_OF_APP, "source": "file"},
        "shop/orders: entries of the revocation file are not understood, and do not count",
    ),
    # Whoever posted it was told.
    Case("AuthzRevocationsRefused", {_BAD_LINES: "2x20", _BAD_POSTS: "0x10 1x10"}, "12m"),
    _urgent(
        "AuthzTenantRefused",
        {_IS_REFUSED: "0 1x20", _IS_READY: "0x20"},
        "7m",
        {**_OF_APP, **_TENANT},
        "shop/orders: the tenant shop.orders is refused, and nobody answers its checks",
    ),
    # Mended within the time; and one that waits is not refused.
    Case("AuthzTenantRefused", {_IS_REFUSED: "0 1x3 0x20", _IS_READY: "0x20"}, "12m"),
    _urgent(
        "AuthzTenantNotReady",
        {_IS_REFUSED: "0x20", _IS_READY: "1 0x20"},
        "7m",
        {**_OF_POD, **_TENANT},
        "shop/orders-1: the tenant shop.orders is not ready on this node",
    ),
    # One that is refused has an alert of its own.
    Case("AuthzTenantNotReady", {_IS_REFUSED: "1x20", _IS_READY: "0x20"}, "12m"),
    Case("AuthzTenantNotReady", {_IS_REFUSED: "0x20", _IS_READY: "1 0x3 1x20"}, "12m"),
)
