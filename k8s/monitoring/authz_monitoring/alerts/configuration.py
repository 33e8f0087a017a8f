"""Alerts about what is in force: a configuration that was refused, an old bundle, a dry run that was forgotten."""

from typing import Final

from authz_monitoring.rule import Alert, Severity, When
from authz_monitoring.words import APP

_WHO: Final = "{{ $labels.namespace }}/{{ $labels.app }}"
_BY: Final = f"by ({APP}, bundle)"
_HOUR, _DAY = 3600, 86400

ALERTS: Final = (
    Alert(
        "AuthzReloadRefused",
        Severity.WARNING,
        "10m",
        (When(f"min by ({APP}) (authz_trust_last_reload_successful)", "== 0"),),
        f"{_WHO}: the new configuration is refused, and the old one stays in force",
        "The log says what is wrong with it, with file, line and field. A sidecar that is started now does not start.",
    ),
    Alert(
        "AuthzBundleStale",
        Severity.WARNING,
        "10m",
        (When(f"max {_BY} (authz_policy_bundle_age_seconds)", f"> {_HOUR}"),),
        f"{_WHO}: the policy bundle {{{{ $labels.bundle }}}} was confirmed {{{{ $value | humanizeDuration }}}} ago",
        "New policies do not arrive. After max_stale_seconds what the bundle allows is denied.",
    ),
    Alert(
        "AuthzBundleExpiring",
        Severity.WARNING,
        "10m",
        (When(f"min {_BY} (authz_policy_bundle_expiry_timestamp_seconds) - time()", f"< {_DAY}"),),
        f"{_WHO}: the policy bundle {{{{ $labels.bundle }}}} expires in {{{{ $value | humanizeDuration }}}}",
        "Nobody has signed a newer one. Once it expires, what it allows is denied with policies_unavailable.",
    ),
    Alert(
        "AuthzBundleNotInForce",
        Severity.CRITICAL,
        "5m",
        (When(f"min {_BY} (authz_policy_bundle_in_force)", "== 0"),),
        f"{_WHO}: the policy bundle {{{{ $labels.bundle }}}} is not in force",
        "It was never fetched, has expired, or was not confirmed for too long. What it would allow is denied with "
        "policies_unavailable; what it denies stays denied.",
    ),
    Alert(
        "AuthzDryRunLeftOn",
        Severity.WARNING,
        "1d",
        (When(f"max by ({APP}) (authz_dry_run)", "== 1"),),
        f"{_WHO}: nothing is enforced (dry_run)",
        "Every request passes, with whatever token or none. That is meant for some hours of looking.",
    ),
)
