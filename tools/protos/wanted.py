"""What is recorded: messages by name, and the modules of xds-protos in which they are."""

from typing import Final

#: What Envoy asks, and what it is answered.
EXT_AUTHZ: Final = ("envoy.service.auth.v3.CheckRequest", "envoy.service.auth.v3.CheckResponse")
#: What CEL's library makes of an expression.
CEL_EXPR: Final = ("cel.expr.CheckedExpr",)
#: What our configurations of Envoy are made of.
CONFIGURATION: Final = (
    "envoy.config.bootstrap.v3.Bootstrap",
    "envoy.config.trace.v3.OpenTelemetryConfig",
    "envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
    "envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute",
    "envoy.extensions.filters.http.router.v3.Router",
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
    "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
    "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
    "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
)
MODULES: Final = (
    "cel.expr.checked_pb2",
    "envoy.config.bootstrap.v3.bootstrap_pb2",
    "envoy.config.trace.v3.opentelemetry_pb2",
    "envoy.extensions.filters.http.ext_authz.v3.ext_authz_pb2",
    "envoy.extensions.filters.http.router.v3.router_pb2",
    "envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2",
    "envoy.extensions.http.early_header_mutation.header_mutation.v3.header_mutation_pb2",
    "envoy.extensions.resource_monitors.downstream_connections.v3.downstream_connections_pb2",
    "envoy.extensions.retry.host.previous_hosts.v3.previous_hosts_pb2",
    "envoy.extensions.transport_sockets.tls.v3.tls_pb2",
    "envoy.extensions.upstreams.http.v3.http_protocol_options_pb2",
    "envoy.service.auth.v3.external_auth_pb2",
)
