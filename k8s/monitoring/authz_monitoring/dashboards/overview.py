"""Is all well, and if not, where?"""

from typing import Final

from authz_monitoring.board import Board, Row
from authz_monitoring.dashboards import common
from authz_monitoring.panel import BAD, WARN, Limit, Panel, Query, Unit, stat, table
from authz_monitoring.words import APP, POD

_SERVERS: Final = 'authz_child_up{@, child=~"server-.*"}'

_NOW: Final = Row(
    "Now",
    (
        common.CHECKS_NOW,
        common.DENIED_NOW,
        common.FAILED_NOW,
        common.P99_NOW,
        stat(
            "Pods that lack a server",
            "Pods in which not every server process is ready.",
            f"count(min by ({POD}) ({_SERVERS}) == 0) or vector(0)",
            Unit.COUNT,
            limits=(Limit(1, BAD),),
            alerts=("AuthzProcessDown", "AuthzCrashLoop", "AuthzSidecarDown", "AuthzMetricsAbsent"),
        ),
        common.DRY_RUN,
    ),
)
_ALERTS: Final = Row(
    "Alerts",
    (
        table(
            "Firing",
            "Alerts of the sidecar that fire now; a name leads to its page. Needs the rules beside this dashboard.",
            f'count by (alertname, severity, {POD}, issuer) (ALERTS{{alertname=~"Authz.*", alertstate="firing"}})',
            Unit.COUNT,
            width=24,
            height=8,
            link=("what to do", "${docs}/runbooks/${__data.fields.alertname}.md"),
        ),
    ),
)
_CHECKS: Final = Row(
    "Checks",
    (
        common.BY_OUTCOME,
        Panel(
            "Denied, by reason",
            "Why checks were denied. A reason leads to what it means.",
            (Query('sum by (reason) (rate(authz_checks_total{@, outcome="denied"}[RATE]))', "{{reason}}"),),
            Unit.PER_SECOND,
            stacked=True,
            alerts=("AuthzDenialsJumped",),
            link=common.REASON,
        ),
        Panel(
            "By application",
            "Checks of each application.",
            (Query(f"sum by ({APP}) (rate(authz_checks_total{{@}}[RATE]))", "{{namespace}}/{{app}}"),),
            Unit.PER_SECOND,
        ),
        common.NOT_ANSWERED,
    ),
)
_LATENCY: Final = Row("Latency", (common.LATENCY, common.HEATMAP))
_WORK: Final = Row("What checks cost", (common.HITS, common.VERIFICATIONS, common.EVICTIONS, common.SHED))
_PODS: Final = Row(
    "Pods",
    (
        Panel(
            "Slowest pods",
            "The ten pods whose checks take longest (p99).",
            (Query(f"topk(10, {common.slowest(0.99, f', {POD}')})", "{{namespace}}/{{pod}}"),),
            Unit.SECONDS,
        ),
        Panel(
            "Processes started again",
            "In the last hour, for each pod. Any number is worth a look at the log.",
            (
                Query(
                    f"sum by ({POD}) (increase(authz_child_restarts_total{{@}}[1h]))",
                    "{{namespace}}/{{pod}}",
                ),
            ),
            Unit.COUNT,
            alerts=("AuthzCrashLoop",),
        ),
        Panel(
            "Pods by what is in force",
            "Digests of configuration, policy and keys. Of one application all pods come to the same one, but for the "
            "moments of a change.",
            (Query(f"count by ({APP}, digest) (authz_trust_info{{@}})", "{{namespace}}/{{app}} {{digest}}"),),
            Unit.COUNT,
            alerts=("AuthzReloadRefused", "AuthzBundleStale"),
        ),
        Panel(
            "Pods by version",
            "Versions of the sidecar and of Python.",
            (Query("count by (version, python) (authz_build_info{@})", "{{version}} on Python {{python}}"),),
            Unit.COUNT,
        ),
        Panel(
            "Processor time",
            "CPUs that each pod's sidecar takes: 1 is a whole one. The ten that take most.",
            (
                Query(
                    f"topk(10, sum by ({POD}) (rate(authz_process_cpu_seconds_total{{@}}[RATE])))",
                    "{{namespace}}/{{pod}}",
                ),
            ),
            Unit.COUNT,
        ),
        Panel(
            "Memory",
            "What each pod's sidecar takes (PSS). The ten that take most.",
            (
                Query(
                    f"topk(10, sum by ({POD}) (authz_process_proportional_memory_bytes{{@}}))",
                    "{{namespace}}/{{pod}}",
                ),
            ),
            Unit.BYTES,
        ),
        Panel(
            "Busiest pools",
            "The ten pools whose processes work for most of their time.",
            (
                Query(
                    f"topk(10, max by ({POD}, pool) (process_pool_utilization{{@}}))",
                    "{{namespace}}/{{pod}} {{pool}}",
                ),
            ),
            Unit.SHARE,
            limits=(Limit(0.9, BAD),),
            alerts=("AuthzPoolSaturated",),
        ),
        common.RELOADS,
        Panel(
            "Connections of Envoy",
            "Open connections to all servers of a pod.",
            (Query(f'sum by ({POD}) (authz_child_connections{{@, child=~"server-.*"}})', "{{namespace}}/{{pod}}"),),
            Unit.COUNT,
            limits=(Limit(1000, WARN),),
        ),
    ),
)

BOARD: Final = Board(
    "authz-overview",
    "Authorization: overview",
    "All sidecars together: what they are asked, what they answer, how long it takes, and which pods are not well.",
    (_NOW, _ALERTS, _CHECKS, _LATENCY, _WORK, _PODS),
)
