"""What dashboards, rules and runbooks name, and the sidecar of the scene does not have, or none has yet."""

#: Metrics. TLS is gRPC's library's, and the scene has the native transport; nor is it an agent (tests/agent), or
#: asked over HTTP (tests/transport/forward_auth).
METRICS = frozenset(
    {
        "authz_agent_tenant_ready",
        "authz_agent_tenant_refused",
        "authz_forward_auth_requests_total",
        "authz_tls_certificate_expiry_timestamp_seconds",
    }
)
COMMANDS: frozenset[str] = frozenset()
