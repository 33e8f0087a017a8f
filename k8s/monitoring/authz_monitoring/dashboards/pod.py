"""What is the matter with this pod?"""

from typing import Final

from authz_monitoring.board import Board, Row
from authz_monitoring.dashboards import common
from authz_monitoring.panel import BAD, GOOD, WARN, Kind, Limit, Panel, Query, Unit, stat

_UP_OR_NOT: Final = {0: "not ready", 1: "ready"}

_NOW: Final = Row(
    "Now",
    (
        common.CHECKS_NOW,
        common.FAILED_NOW,
        common.P99_NOW,
        stat(
            "Processes that are not ready",
            "Of all children of the supervisor.",
            "count(authz_child_up{@} == 0) or vector(0)",
            Unit.COUNT,
            limits=(Limit(1, BAD),),
            alerts=("AuthzProcessDown", "AuthzCrashLoop"),
        ),
        stat(
            "Processes started again",
            "Processes that were started again in the time shown.",
            "sum(increase(authz_child_restarts_total{@}[$__range]))",
            Unit.COUNT,
            limits=(Limit(1, WARN),),
            alerts=("AuthzCrashLoop",),
        ),
        stat(
            "On its way out",
            "1 from SIGTERM on: checks under way are answered, and /readyz says no.",
            "max(authz_draining{@})",
            Unit.COUNT,
            limits=(Limit(1, WARN),),
        ),
    ),
)
_CHECKS: Final = Row(
    "Checks",
    (common.BY_OUTCOME, common.NOT_ANSWERED, common.LATENCY, common.HEATMAP),
)
_PROCESSES: Final = Row(
    "Processes",
    (
        Panel(
            "Ready",
            "control: probes and reload. server: checks. verifier: checks signatures. minter: signs assertions.",
            (Query("min by (child) (authz_child_up{@})", "{{child}}"),),
            Unit.NONE,
            Kind.STATES,
            words=_UP_OR_NOT,
            base=BAD,
            limits=(Limit(1, GOOD),),
            alerts=("AuthzProcessDown",),
        ),
        Panel(
            "Seconds since each gave a sign of life",
            "One is given every second; after 5 without one the supervisor kills the process.",
            (
                Query("max by (child) (authz_child_heartbeat_age_seconds{@})", "{{child}}"),
                Query("max(authz_supervisor_heartbeat_age_seconds{@})", "supervisor"),
            ),
            Unit.SECONDS,
            limits=(Limit(5, BAD),),
            alerts=("AuthzProcessDown",),
        ),
        Panel(
            "Started again",
            "Times that a process ended and was started again.",
            (Query("sum by (child) (increase(authz_child_restarts_total{@}[RATE]))", "{{child}}"),),
            Unit.COUNT,
            alerts=("AuthzCrashLoop",),
        ),
        Panel(
            "Ends again and again",
            "Four ends in a row or more. The log says why it ended.",
            (Query("max by (child) (authz_child_crash_loop{@})", "{{child}}"),),
            Unit.NONE,
            Kind.STATES,
            words={0: "no", 1: "crash loop"},
            limits=(Limit(1, BAD),),
            alerts=("AuthzCrashLoop",),
        ),
        Panel(
            "Connections",
            "Open connections of Envoy to each server. Envoy balances checks, not connections: they need not be even.",
            (Query('sum by (child) (authz_child_connections{@, child=~"server-.*"})', "{{child}}"),),
            Unit.COUNT,
        ),
        Panel(
            "Since what is in force was loaded",
            "It falls to nothing with each configuration, key set or bundle that comes into force.",
            (Query("time() - max(authz_trust_last_reload_timestamp_seconds{@})", "since"),),
            Unit.SECONDS,
            alerts=("AuthzReloadRefused",),
        ),
    ),
)
_WORK: Final = Row(
    "What checks cost",
    (
        common.HITS,
        Panel(
            "Looked for in caches",
            "torn: it was being written just then, and is a miss. expired: it was there, past its time.",
            (
                Query(
                    "sum by (tier, result) (rate(authz_cache_lookups_total{@}[RATE]))",
                    "{{tier}} {{result}}",
                ),
            ),
            Unit.PER_SECOND,
            stacked=True,
        ),
        common.VERIFICATIONS,
        common.EVICTIONS,
        common.SHED,
        common.RELOADS,
    ),
)
_POOLS: Final = Row(
    "Pools and processors",
    (
        Panel(
            "How busy pools are",
            "Share of their time that the processes of a pool work, over 15 s. Above nine tenths jobs begin to wait.",
            (Query("max by (pool) (process_pool_utilization{@})", "{{pool}}"),),
            Unit.SHARE,
            limits=(Limit(0.9, BAD),),
            alerts=("AuthzPoolSaturated",),
        ),
        Panel(
            "How long jobs wait for a process (p99)",
            "What callers feel of a pool that is too small.",
            (
                Query(
                    "histogram_quantile(0.99, sum by (le, pool) (rate(authz_pool_wait_seconds_bucket{@}[RATE])))",
                    "{{pool}}",
                ),
            ),
            Unit.SECONDS,
            alerts=("AuthzPoolSaturated",),
        ),
        Panel(
            "Jobs done, and not",
            "Signatures checked or made, hooks asked, entries hashed. What is not, another process does: full, "
            "late, lost, refused.",
            (
                Query("sum by (pool) (rate(pool_completed_tasks_total{@}[RATE]))", "{{pool}} done"),
                Query("sum by (pool, result) (rate(authz_pool_failed_jobs_total{@}[RATE]))", "{{pool}} {{result}}"),
            ),
            Unit.PER_SECOND,
        ),
        Panel(
            "Processes of pools, and jobs that wait",
            "Processes that run and take work, and jobs that wait for one at this moment.",
            (
                Query("sum by (pool) (process_pool_active{@})", "{{pool}} processes"),
                Query("sum by (pool) (authz_pool_queue_depth{@})", "{{pool}} waiting"),
            ),
            Unit.COUNT,
            alerts=("AuthzPoolSaturated", "AuthzProcessDown"),
        ),
        Panel(
            "Jobs taken at once",
            "The mean. Batches near 32: the verifiers are behind.",
            (
                Query(
                    "sum by (pool) (rate(authz_pool_batch_size_sum{@}[RATE])) "
                    "/ (sum by (pool) (rate(authz_pool_batch_size_count{@}[RATE])) > 0)",
                    "{{pool}}",
                ),
            ),
            Unit.COUNT,
        ),
        Panel(
            "How late event loops are",
            "At the most, over 10 s. Every check in a server waits for so long, those with known tokens too.",
            (Query("max by (process) (authz_process_event_loop_lag_seconds{@})", "{{process}}"),),
            Unit.SECONDS,
            limits=(Limit(0.05, BAD),),
            alerts=("AuthzEventLoopLag",),
        ),
        Panel(
            "Processor time",
            "CPUs that each process takes: 1 is a whole one.",
            (Query("sum by (process) (rate(authz_process_cpu_seconds_total{@}[RATE]))", "{{process}}"),),
            Unit.COUNT,
            stacked=True,
        ),
        Panel(
            "Memory",
            "With what is shared split among those who share it (PSS): the sum is what the sidecar takes.",
            (Query("sum by (process) (authz_process_proportional_memory_bytes{@})", "{{process}}"),),
            Unit.BYTES,
            stacked=True,
        ),
        Panel(
            "Processors of the node",
            "How busy they are with whatever runs there, in percent.",
            (Query("max(system_cpu_percent{@})", "node"),),
            Unit.PERCENT,
            limits=(Limit(90, WARN),),
        ),
    ),
)
_TRANSPORT: Final = Row(
    "Transport",
    (
        Panel(
            "Connections accepted, calls, resets",
            "Connections last for hours with Envoy. received: Envoy's time-out, or its client went away.",
            (
                Query("sum(rate(authz_transport_connections_total{@}[RATE]))", "connections"),
                Query("sum(rate(authz_transport_streams_total{@}[RATE]))", "calls"),
                Query("sum by (direction) (rate(authz_transport_resets_total{@}[RATE]))", "resets {{direction}}"),
            ),
            Unit.PER_SECOND,
        ),
        Panel(
            "Limits, faults and gRPC errors",
            "Envoy comes nowhere near a limit. A gRPC error is no denial: under failure_mode_allow Envoy lets it in.",
            (
                Query("sum by (limit) (rate(authz_transport_limits_total{@}[RATE]))", "limit {{limit}}"),
                Query("sum by (scope) (rate(authz_transport_faults_total{@}[RATE]))", "fault {{scope}}"),
                Query("sum by (status) (rate(authz_transport_grpc_errors_total{@}[RATE]))", "error {{status}}"),
            ),
            Unit.PER_SECOND,
            alerts=("AuthzGrpcErrors", "AuthzLimitReached"),
        ),
        Panel(
            "Requests over HTTP",
            "nginx, Traefik, or Envoy's http_service asks. unreadable, uncarried: mend its configuration, or ours. "
            "forged: clients sent headers that are the proxy's. Nothing here: there is no forward_auth.",
            (Query("sum by (result) (rate(authz_forward_auth_requests_total{@}[RATE]))", "{{result}}"),),
            Unit.PER_SECOND,
        ),
    ),
)
_HOOKS: Final = Row(
    "Hooks",
    (
        Panel(
            "How long hooks take",
            "p99 of asking each hook, kept results apart.",
            (
                Query(
                    "histogram_quantile(0.99, sum by (le, hook) (rate(authz_hook_duration_seconds_bucket{@}[RATE])))",
                    "{{hook}}",
                ),
            ),
            Unit.SECONDS,
            alerts=("AuthzLatencyHigh", "AuthzErrorBudgetBurn"),
        ),
        Panel(
            "Hooks asked, and not",
            "kept: the result was kept, and so the hook was not asked.",
            (
                Query("sum by (hook) (rate(authz_hook_calls_total{@}[RATE]))", "{{hook}} asked"),
                Query("sum by (hook) (rate(authz_hook_cache_hits_total{@}[RATE]))", "{{hook}} kept"),
            ),
            Unit.PER_SECOND,
        ),
    ),
)

_TOLD: Final = Row(
    "What is told of checks",
    (
        Panel(
            "Lines of the decision log",
            "limited: more than lines_per_second. full: the output is too slow; failed: the disk is full, or the "
            "collector does not take them.",
            (
                Query(
                    "sum by (output, result) (rate(authz_decision_log_records_total{@}[RATE]))",
                    "{{output}} {{result}}",
                ),
            ),
            Unit.PER_SECOND,
            alerts=("AuthzDecisionsNotLogged",),
        ),
        Panel(
            "Spans",
            "delivered to the collector; failed: it did not take them in time; dropped: too many waited; refused: more "
            "were to be made than tracing.max_per_second.",
            (Query("sum by (result) (rate(authz_trace_spans_total{@}[RATE]))", "{{result}}"),),
            Unit.PER_SECOND,
        ),
    ),
)
_TENANTS: Final = Row(
    "Tenants, of a node's agent",
    (
        Panel(
            "Tenants that are ready",
            "Whoever's tenant is not is denied on this node. Nothing here: this is no agent.",
            (Query("min by (tenant) (authz_agent_tenant_ready{@})", "{{tenant}}"),),
            Unit.NONE,
            Kind.STATES,
            words=_UP_OR_NOT,
            base=BAD,
            limits=(Limit(1, GOOD),),
            alerts=("AuthzTenantNotReady",),
        ),
        Panel(
            "Tenants that are refused",
            "The configuration is wrong, or wants the address of another one: the agent's log says which line.",
            (Query("max by (tenant) (authz_agent_tenant_refused{@})", "{{tenant}}"),),
            Unit.NONE,
            Kind.STATES,
            words={0: "taken", 1: "refused"},
            limits=(Limit(1, BAD),),
            alerts=("AuthzTenantRefused",),
        ),
    ),
)

BOARD: Final = Board(
    "authz-pod",
    "Authorization: one pod",
    "One sidecar: its processes, what they do, how busy they are, and what its checks come to.",
    (_NOW, _CHECKS, _PROCESSES, _WORK, _POOLS, _TRANSPORT, _HOOKS, _TOLD, _TENANTS),
    one_pod=True,
)
