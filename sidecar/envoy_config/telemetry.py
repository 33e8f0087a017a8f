"""What Envoy tells of requests: spans of its own, and headers for those of the sidecar."""

from dataclasses import replace
from datetime import timedelta

from envoy_data_plane.envoy.config.cluster import v3 as cluster
from envoy_data_plane.envoy.config.core import v3 as core
from envoy_data_plane.envoy.config.trace import v3 as trace
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager import v3 as hcm
from envoy_data_plane.envoy.extensions.upstreams.http import v3 as upstreams
from envoy_data_plane.envoy.type import v3 as envoy_type
from envoy_data_plane.google.protobuf import Any

from sidecar.envoy_config.address import assignment, discovery, socket_or_pipe
from sidecar.envoy_config.options import EnvoyOptions
from sidecar.settings import Settings
from sidecar.tracing.context import CONTEXT, TRACEPARENT

COLLECTOR = "collector"
_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def with_headers_told(options: EnvoyOptions, settings: Settings) -> EnvoyOptions:
    """Have those headers sent too that are looked at for what is told of a check, and not for the check itself.

    Where clients' traces count, Envoy goes on with them. The request's id is among the headers that are always sent
    (``core.headers_read``).
    """
    clients = settings.tracing is not None and settings.tracing.request_header == "parent"
    options = replace(options, trace_clients=clients)
    told = {*(CONTEXT if clients else ()), *((TRACEPARENT,) if settings.decision_log.is_written else ())}
    if options.allowed_headers is None or not told:
        return options
    return replace(options, allowed_headers=tuple(sorted({*options.allowed_headers, *told})))


def tracing(options: EnvoyOptions) -> hcm.HttpConnectionManagerTracing | None:
    """Return what has the connection manager trace, if it is to."""
    if options.trace_to is None:
        return None
    service = core.GrpcService(
        envoy_grpc=core.GrpcServiceEnvoyGrpc(cluster_name=COLLECTOR), timeout=timedelta(seconds=5)
    )
    opentelemetry = trace.OpenTelemetryConfig(grpc_service=service, service_name=options.trace_service_name)
    return hcm.HttpConnectionManagerTracing(
        random_sampling=envoy_type.Percent(value=options.trace_percent),
        # x-client-trace-id: no client has its requests traced whatever the percentage.
        client_sampling=envoy_type.Percent(value=0),
        provider=trace.TracingHttp(name="envoy.tracers.opentelemetry", typed_config=Any.pack(opentelemetry)),
    )


def collector(options: EnvoyOptions) -> list[cluster.Cluster]:
    """Return the collector's cluster, if there is one."""
    if options.trace_to is None:
        return []
    endpoints = [socket_or_pipe(options.trace_to, by_name=True)]
    http2 = upstreams.HttpProtocolOptions(
        explicit_http_config=upstreams.HttpProtocolOptionsExplicitHttpConfig(
            http2_protocol_options=core.Http2ProtocolOptions()
        )
    )
    return [
        cluster.Cluster(
            name=COLLECTOR,
            type=discovery(endpoints),
            connect_timeout=timedelta(seconds=5),
            typed_extension_protocol_options={_HTTP_OPTIONS: Any.pack(http2)},
            load_assignment=assignment(COLLECTOR, endpoints),
        )
    ]
