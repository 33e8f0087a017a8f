"""What dashboards, rules and runbooks name, and the sidecar does not have yet: each is taken out once it has."""

METRICS = frozenset(
    {
        "authz_pool_batch_size_count",
        "authz_pool_batch_size_sum",
        "authz_pool_failed_jobs_total",
        "authz_pool_queue_depth",
        "authz_pool_wait_seconds_bucket",
        "authz_process_cpu_seconds_total",
        "authz_process_event_loop_lag_seconds",
        "authz_process_proportional_memory_bytes",
        "authz_tls_certificate_expiry_timestamp_seconds",
        "authz_transport_connections_total",
        "authz_transport_faults_total",
        "authz_transport_grpc_errors_total",
        "authz_transport_limits_total",
        "authz_transport_resets_total",
        "authz_transport_streams_total",
        "authz_trust_last_reload_successful",
        "pool_completed_tasks_total",
        "process_pool_active",
        "process_pool_utilization",
        "system_cpu_percent",
    }
)
COMMANDS: frozenset[str] = frozenset()
