"""Why are requests denied?"""

from http import HTTPStatus
from typing import Final

from authz_monitoring.board import Board, Row
from authz_monitoring.dashboards import common
from authz_monitoring.panel import Panel, Query, Unit, stat, table
from authz_monitoring.words import FAILED, with_status

_DENIED: Final = 'authz_checks_total{@, outcome="denied"}'
_MALFORMED: Final = with_status(
    HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.REQUEST_URI_TOO_LONG
)


def _ago(time: str) -> str:
    rate = "rate(authz_checks_total{{@{more}}}[5m] offset {time})"
    denied = rate.format(more=', outcome="denied"', time=time)
    return f"sum({denied}) / (sum({rate.format(more='', time=time)}) > 0)"


def _of_status(reasons: str) -> str:
    return f'sum(rate(authz_checks_total{{@, outcome="denied", reason=~"{reasons}"}}[RATE])) or vector(0)'


_NOW: Final = Row(
    "Now, and before",
    (
        common.DENIED_NOW,
        stat("An hour ago", "The same share, an hour ago.", _ago("1h"), Unit.SHARE),
        stat("Yesterday", "The same share, a day ago.", _ago("1d"), Unit.SHARE),
        common.FAILED_NOW,
        stat(
            "Would be denied",
            "Checks per second that pass since nothing is enforced (dry run).",
            'sum(rate(authz_checks_total{@, outcome="would_deny"}[RATE])) or vector(0)',
            Unit.PER_SECOND,
            alerts=("AuthzDryRunLeftOn",),
        ),
        stat(
            "Revoked",
            "Checks per second with a token that was revoked.",
            'sum(rate(authz_checks_total{@, reason="token_revoked"}[RATE])) or vector(0)',
            Unit.PER_SECOND,
        ),
    ),
)
_WHO: Final = Row(
    "Whose fault",
    (
        Panel(
            "By what the client is told",
            "401: the credential is missing or not good. 403: it is good, and policy says no. 400, 413, 414: the "
            "request has more than one reading, or is too large. 503: the sidecar, or what it asks, could not tell.",
            (
                Query(_of_status(with_status(HTTPStatus.UNAUTHORIZED)), "401: credential"),
                Query(_of_status(with_status(HTTPStatus.FORBIDDEN)), "403: policy"),
                Query(_of_status(_MALFORMED), "400, 413, 414: request"),
                Query(_of_status(FAILED), "503: could not tell"),
            ),
            Unit.PER_SECOND,
            stacked=True,
        ),
        Panel(
            "By reason",
            "Each reason is a section of the documentation, to which it leads.",
            (Query(f"sum by (reason) (rate({_DENIED}[RATE]))", "{{reason}}"),),
            Unit.PER_SECOND,
            stacked=True,
            alerts=("AuthzDenialsJumped",),
            link=common.REASON,
        ),
        table(
            "Reasons in the time shown",
            "How many checks were denied for each.",
            f"sum by (reason) (increase({_DENIED}[$__range])) > 0",
            Unit.COUNT,
            link=("what it means", "${docs}/reasons.md#${__data.fields.reason}"),
        ),
        table(
            "Reasons that there were not the day before",
            "Checks denied in the last hour for a reason that nothing was denied for in the day before that.",
            f"(sum by (reason) (increase({_DENIED}[1h])) > 0) "
            f"unless (sum by (reason) (increase({_DENIED}[1d] offset 1h)) > 0)",
            Unit.COUNT,
            link=("what it means", "${docs}/reasons.md#${__data.fields.reason}"),
        ),
    ),
)
_WHERE: Final = Row(
    "Which",
    (
        Panel(
            "By application",
            "Share of each application's checks that is denied.",
            (
                Query(
                    f"sum by (namespace, app) (rate({_DENIED}[RATE])) "
                    "/ (sum by (namespace, app) (rate(authz_checks_total{@}[RATE])) > 0)",
                    "{{namespace}}/{{app}}",
                ),
            ),
            Unit.SHARE,
        ),
        Panel(
            "By issuer",
            "Denied checks by the token's issuer; empty where there was no token, or none of a known issuer.",
            (Query(f"sum by (issuer, reason) (rate({_DENIED}[RATE]))", "{{issuer}} {{reason}}"),),
            Unit.PER_SECOND,
            link=common.REASON,
        ),
        Panel(
            "By policy that denies",
            "Denied by a deny policy: which.",
            (
                Query(
                    'sum by (policy) (rate(authz_checks_total{@, outcome="denied", reason="denied_by_policy"}[RATE]))',
                    "{{policy}}",
                ),
            ),
            Unit.PER_SECOND,
        ),
        Panel(
            "Would be denied, by reason",
            "What global dry run lets pass. authz_dry_run says whether it is on.",
            (Query('sum by (reason) (rate(authz_checks_total{@, outcome="would_deny"}[RATE]))', "{{reason}}"),),
            Unit.PER_SECOND,
            link=common.REASON,
            alerts=("AuthzDryRunLeftOn",),
        ),
    ),
)
_ASKED: Final = Row(
    "Who was asked",
    (
        Panel(
            "Hooks: what came of asking them",
            "deny is a decision; failed, timeout and shed deny as well.",
            (Query("sum by (hook, result) (rate(authz_hook_results_total{@}[RATE])) > 0", "{{hook}} {{result}}"),),
            Unit.PER_SECOND,
            alerts=("AuthzErrorBudgetBurn",),
        ),
        Panel(
            "Issuers asked about opaque tokens",
            "failed: no answer that can be used. rejected: not asked, since the issuer failed again and again.",
            (Query("sum by (result) (rate(authz_introspections_total{@}[RATE]))", "{{result}}"),),
            Unit.PER_SECOND,
            alerts=("AuthzErrorBudgetBurn",),
        ),
        Panel(
            "Key sets that cannot be fetched",
            "Failures in a row. Once keys are too old, tokens are denied with keys_unavailable.",
            (Query("max by (issuer) (authz_key_fetch_failures_in_a_row{@})", "{{issuer}}"),),
            Unit.COUNT,
            alerts=("AuthzKeySetStale", "AuthzKeysMissing"),
        ),
        Panel(
            "Assertions for the upstream",
            "unavailable: nobody signed in time, and the check is denied with assertion_unavailable.",
            (Query("sum by (result) (rate(authz_assertions_total{@}[RATE]))", "{{result}}"),),
            Unit.PER_SECOND,
            alerts=("AuthzErrorBudgetBurn",),
        ),
    ),
)

BOARD: Final = Board(
    "authz-denials",
    "Authorization: why are requests denied?",
    "From 'somebody cannot get in' to the reason, whose fault it is, and which application, issuer or policy.",
    (_NOW, _WHO, _WHERE, _ASKED),
)
