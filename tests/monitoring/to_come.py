"""What dashboards, rules and runbooks name, and the sidecar of the scene does not have, or none has yet."""

#: Metrics. TLS is gRPC's library's, and the scene has the native transport.
METRICS = frozenset({"authz_tls_certificate_expiry_timestamp_seconds"})
COMMANDS: frozenset[str] = frozenset()
