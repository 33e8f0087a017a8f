"""The two clusters: the application, and the sidecar's server processes."""

from datetime import timedelta

from envoy_data_plane.envoy.config.cluster import v3 as cluster
from envoy_data_plane.envoy.config.core import v3 as core
from envoy_data_plane.envoy.extensions.upstreams.http import v3 as upstreams
from envoy_data_plane.google.protobuf import Any

from sidecar.envoy_config.address import assignment, discovery, socket, socket_or_pipe
from sidecar.envoy_config.limits import CONNECTION_BUFFER_BYTES
from sidecar.envoy_config.options import EnvoyOptions
from sidecar.envoy_config.tls import transport_socket
from sidecar.transport.service import SERVICE

APP = "app"
AUTHZ = "authz"

#: Envoy's own, said aloud, to either cluster. An open stream of events takes one to the application.
_MAX_CONNECTIONS = 1024

#: Envoy's own, said aloud. Not a client's 32 KiB: 256 checks share one connection, and no client can make it slow.
_CHECKS_BUFFER_BYTES = 1024 * 1024

_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def app(options: EnvoyOptions) -> cluster.Cluster:
    """Return the protected application's cluster."""
    application = socket(options.upstream_address, options.upstream_port)
    return cluster.Cluster(
        name=APP,
        type=discovery([application]),
        per_connection_buffer_limit_bytes=CONNECTION_BUFFER_BYTES,
        # Envoy's own, said aloud: what the application gets at once, whatever clients send; what is beyond gets 503.
        circuit_breakers=_circuit_breakers(pending=1024, requests=1024, retries=3),
        load_assignment=assignment(APP, [application]),
    )


def authz(options: EnvoyOptions) -> cluster.Cluster:
    """Return the sidecar's cluster: one endpoint a server process."""
    endpoints = [socket_or_pipe(address, by_name=True) for address in options.authz_addresses]
    return cluster.Cluster(
        name=AUTHZ,
        type=discovery(endpoints),
        # INVARIANT: beyond this machine nothing goes in the clear, health checks neither.
        transport_socket=None if options.authz_tls is None else transport_socket(options.authz_tls),
        per_connection_buffer_limit_bytes=_CHECKS_BUFFER_BYTES,
        # Half of a check's time, so that a connection that hangs leaves room for another process to answer.
        connect_timeout=timedelta(seconds=options.timeout_seconds / 2),
        # A process that is busy verifying gets fewer new checks.
        lb_policy=cluster.ClusterLbPolicy.LEAST_REQUEST,
        # Envoy's own second would hold back the news that a process is well again, or is not: were the other one
        # to die within it, there would be none to ask.
        common_lb_config=cluster.ClusterCommonLbConfig(update_merge_window=timedelta(0)),
        # Envoy's own are soon reached by checks, which are short but one per request: a circuit that opens refuses
        # legitimate callers. Three retries for all would be used up the moment a process dies.
        circuit_breakers=_circuit_breakers(pending=4096, requests=8192, retries=32),
        outlier_detection=_outlier_detection(),
        health_checks=[_health_check()],
        typed_extension_protocol_options={_HTTP_OPTIONS: Any.pack(_http2())},
        load_assignment=assignment(AUTHZ, endpoints),
    )


def _circuit_breakers(*, pending: int, requests: int, retries: int) -> cluster.CircuitBreakers:
    return cluster.CircuitBreakers(
        thresholds=[
            cluster.CircuitBreakersThresholds(
                priority=core.RoutingPriority.DEFAULT,
                max_connections=_MAX_CONNECTIONS,
                max_pending_requests=pending,
                max_requests=requests,
                max_retries=retries,
                # Gauges of what is left, so that an alert comes before the circuit opens.
                track_remaining=True,
            )
        ]
    )


def _outlier_detection() -> cluster.OutlierDetection:
    # Takes out a process that answers health checks but fails checks: five failures in a row (consecutive_5xx, whose
    # default it is; betterproto2 misspells that name in JSON). Soon back, and never more than half of them.
    return cluster.OutlierDetection(
        interval=timedelta(seconds=1), base_ejection_time=timedelta(seconds=2), max_ejection_percent=50
    )


def _health_check() -> core.HealthCheck:
    # One failure takes a process out and one success brings it back: both are certain on one machine.
    return core.HealthCheck(
        timeout=timedelta(milliseconds=500),
        interval=timedelta(seconds=1),
        # Envoy's default of 60 s without traffic would leave the first requests to an endpoint never looked at.
        no_traffic_interval=timedelta(seconds=1),
        unhealthy_interval=timedelta(seconds=1),
        unhealthy_threshold=1,
        healthy_threshold=1,
        grpc_health_check=core.HealthCheckGrpcHealthCheck(service_name=SERVICE),
    )


def _http2() -> upstreams.HttpProtocolOptions:
    return upstreams.HttpProtocolOptions(
        explicit_http_config=upstreams.HttpProtocolOptionsExplicitHttpConfig(
            http2_protocol_options=core.Http2ProtocolOptions(
                # Beyond this Envoy opens a second connection instead of queueing behind one.
                max_concurrent_streams=256,
                # A process that hangs keeps its socket open: the ping finds out when nothing else does.
                connection_keepalive=core.KeepaliveSettings(
                    interval=timedelta(seconds=30),
                    timeout=timedelta(seconds=5),
                    connection_idle_interval=timedelta(seconds=10),
                ),
            )
        )
    )
