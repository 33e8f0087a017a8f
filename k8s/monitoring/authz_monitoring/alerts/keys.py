"""Alerts about keys, and those who serve them."""

from typing import Final

from authz_monitoring.rule import Alert, Severity, When
from authz_monitoring.words import APP

_BY: Final = f"by ({APP}, issuer)"
_WHO: Final = "{{ $labels.namespace }}/{{ $labels.app }}"
_HOUR, _DAY = 3600, 86400


def _stale(severity: Severity, seconds: int) -> Alert:
    return Alert(
        "AuthzKeySetStale",
        severity,
        "10m",
        (When(f"max {_BY} (authz_key_set_age_seconds)", f"> {seconds}"),),
        f"{_WHO}: the keys of {{{{ $labels.issuer }}}} were last confirmed {{{{ $value | humanizeDuration }}}} ago",
        "They are fetched every 15 minutes or more often. After max_stale_seconds, a day by default, every token of "
        "this issuer is denied with keys_unavailable.",
    )


def _expiring(severity: Severity, days: int) -> tuple[Alert, Alert]:
    limit, when = f"< {days * _DAY}", "expires in {{ $value | humanizeDuration }}"
    return (
        Alert(
            "AuthzKeyServerCertificateExpiring",
            severity,
            "1h",
            (When(f"min {_BY} (authz_key_server_certificate_expiry_timestamp_seconds) - time()", limit),),
            f"{_WHO}: the certificate of the server with the keys of {{{{ $labels.issuer }}}} {when}",
            "Then keys cannot be fetched any more, and max_stale_seconds later every token of this issuer is denied.",
        ),
        Alert(
            "AuthzCertificateExpiring",
            severity,
            "1h",
            (When(f"min by ({APP}, listener) (authz_tls_certificate_expiry_timestamp_seconds) - time()", limit),),
            f"{_WHO}: the certificate of our listener {{{{ $labels.listener }}}} {when}",
            "Then nobody can connect to it any more: where it is that of checks, Envoy cannot ask.",
        ),
    )


ALERTS: Final = (
    _stale(Severity.WARNING, _HOUR),
    _stale(Severity.CRITICAL, 12 * _HOUR),
    Alert(
        "AuthzKeysMissing",
        Severity.CRITICAL,
        "5m",
        # Of those alone whose keys are fetched: one that is asked about each token has none.
        (When(f"min {_BY} (authz_keys and on ({APP}, pod, issuer) authz_key_fetch_failures_in_a_row)", "== 0"),),
        f"{_WHO}: there is no key of {{{{ $labels.issuer }}}}",
        "They were never fetched, or not confirmed for too long. Every token of this issuer is denied with "
        "keys_unavailable.",
    ),
    *_expiring(Severity.WARNING, 14),
    *_expiring(Severity.CRITICAL, 2),
)
