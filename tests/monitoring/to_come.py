"""What dashboards, rules and runbooks name, and the sidecar of the scene does not have, or none has yet."""

#: Metrics. TLS is gRPC's library's, and the scene has the native transport; nor is it an agent (tests/agent).
METRICS = frozenset(
    {"authz_tls_certificate_expiry_timestamp_seconds", "authz_agent_tenant_ready", "authz_agent_tenant_refused"}
)
COMMANDS: frozenset[str] = frozenset()
