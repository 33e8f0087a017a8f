"""Alerts about the denylist and its feed: who was revoked may still come in, or nobody can."""

from typing import Final

from authz_monitoring.rule import Alert, Severity, When
from authz_monitoring.words import APP, POD

_APP: Final = "{{ $labels.namespace }}/{{ $labels.app }}"
_POD: Final = "{{ $labels.namespace }}/{{ $labels.pod }}"
_LATE: Final = 60


def _filling(severity: Severity, test: str) -> Alert:
    return Alert(
        "AuthzDenylistFilling",
        severity,
        "10m",
        (When(f"max by ({APP}) (authz_denylist_entries / authz_denylist_capacity)", test),),
        f"{_APP}: {{{{ $value | humanizePercentage }}}} of the denylist is taken",
        "Once it is full, what is revoked after that is not refused. Nothing that is on it is dropped.",
    )


ALERTS: Final = (
    Alert(
        "AuthzRevocationFeedLagging",
        Severity.CRITICAL,
        "2m",
        (When(f"max by ({APP}) (authz_revocation_feed_lag_seconds)", f"> {_LATE}"),),
        f"{_APP}: the revocation feed was last read to its end {{{{ $value | humanizeDuration }}}} ago",
        "What is known to be revoked is refused; what is revoked now is not, or under on_feed_loss: deny nobody is "
        "let in.",
    ),
    Alert(
        "AuthzDenylistIncomplete",
        Severity.CRITICAL,
        "2m",
        (When(f"min by ({POD}) (authz_denylist_complete)", "== 0"),),
        f"{_POD}: it is not known what is revoked, and everybody is denied",
        "File or feed were not read to their ends since this sidecar began, or the feed is lost and on_feed_loss is "
        "deny. Checks end in revocation_unknown.",
    ),
    _filling(Severity.WARNING, "> 0.9"),
    _filling(Severity.CRITICAL, ">= 1"),
    Alert(
        "AuthzRevocationsLost",
        Severity.CRITICAL,
        "0m",
        (When(f"max by ({APP}) (increase(authz_revocation_feed_gaps_total[1h]))", "> 0"),),
        f"{_APP}: the revocation feed lost entries before they were read",
        "Somebody who was revoked may be let in. What was lost cannot be told: it has to be posted again.",
    ),
    Alert(
        "AuthzForgedRevocations",
        Severity.WARNING,
        "0m",
        (When(f'sum by ({APP}) (increase(authz_revocation_entries_total{{result="forged"}}[15m]))', "> 0"),),
        f"{_APP}: messages of the revocation feed are signed by nobody who may revoke",
        "They were ignored. Somebody without a key writes to the stream, or a key is missing in keys_file, and then "
        "what was revoked with it does not count.",
    ),
    Alert(
        "AuthzRevocationsRefused",
        Severity.CRITICAL,
        "0m",
        (
            # Who posts one is told, and needs no alert.
            When(
                f"sum by ({APP}, source) "
                '(increase(authz_revocation_entries_total{result="refused", source=~"file|feed"}[15m]))',
                "> 0",
            ),
        ),
        f"{_APP}: entries of the revocation {{{{ $labels.source }}}} are not understood, and do not count",
        "Whoever they were about is let in. The log has the line, or the entry, and what is wrong with it.",
    ),
)
