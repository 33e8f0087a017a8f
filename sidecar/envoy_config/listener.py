"""The listener: what a request goes through before it is routed."""

from envoy_data_plane.envoy.config.core import v3 as core
from envoy_data_plane.envoy.config.listener import v3 as listener
from envoy_data_plane.envoy.extensions.filters.http.router import v3 as router
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager import v3 as hcm
from envoy_data_plane.google.protobuf import Any

from sidecar.core.path import PathMode
from sidecar.envoy_config import filter as authz_filter
from sidecar.envoy_config import headers, limits, route, telemetry
from sidecar.envoy_config.address import socket
from sidecar.envoy_config.options import EnvoyOptions

_EscapedSlashes = hcm.HttpConnectionManagerPathWithEscapedSlashesAction

#: (normalize_path, merge_slashes) as Istio sets them for each pathNormalization; nothing is touched in ``reject``.
_NORMALISATION = {
    PathMode.REJECT: (False, False),
    PathMode.NONE: (False, False),
    PathMode.BASE: (True, False),
    PathMode.MERGE_SLASHES: (True, True),
    PathMode.DECODE_AND_MERGE_SLASHES: (True, True),
}


def ingress(options: EnvoyOptions) -> listener.Listener:
    """Return the one listener; it has no TLS, which is the mesh's or the load balancer's part."""
    manager = listener.Filter(
        name="envoy.filters.network.http_connection_manager", typed_config=Any.pack(_connection_manager(options))
    )
    return listener.Listener(
        name="ingress",
        address=socket(options.listener_address, options.listener_port),
        per_connection_buffer_limit_bytes=limits.CONNECTION_BUFFER_BYTES,
        filter_chains=[
            listener.FilterChain(filters=[manager], transport_socket_connect_timeout=limits.HANDSHAKE_TIMEOUT)
        ],
    )


def _connection_manager(options: EnvoyOptions) -> hcm.HttpConnectionManager:
    normalize_path, merge_slashes = _NORMALISATION[options.path_mode]
    return hcm.HttpConnectionManager(
        stat_prefix="ingress",
        # Always said, never left to a default: unset, runtime keys could change what the sidecar decides on.
        normalize_path=normalize_path,
        merge_slashes=merge_slashes,
        path_with_escaped_slashes_action=_escaped_slashes(options),
        common_http_protocol_options=_common_http(),
        http2_protocol_options=limits.http2(),
        request_headers_timeout=limits.REQUEST_HEADERS_TIMEOUT,
        request_timeout=limits.REQUEST_TIMEOUT,
        stream_idle_timeout=limits.STREAM_IDLE_TIMEOUT,
        early_header_mutation_extensions=[headers.strip(options)],
        # The address of the connection counts, not what the client wrote into x-forwarded-for.
        use_remote_address=True,
        # A client's own x-forwarded-client-cert is dropped; what the handshake proved takes its place.
        forward_client_cert_details=hcm.HttpConnectionManagerForwardClientCertDetails.SANITIZE_SET,
        set_current_client_cert_details=hcm.HttpConnectionManagerSetCurrentClientCertDetails(uri=True, dns=True),
        tracing=telemetry.tracing(options),
        route_config=route.configuration(options),
        http_filters=[authz_filter.http_filter(options), _router()],
    )


def _escaped_slashes(options: EnvoyOptions) -> _EscapedSlashes:
    if options.path_mode is PathMode.DECODE_AND_MERGE_SLASHES:
        return _EscapedSlashes.UNESCAPE_AND_FORWARD
    return _EscapedSlashes.KEEP_UNCHANGED


def _common_http() -> core.HttpProtocolOptions:
    return core.HttpProtocolOptions(
        # x_auth_subject passes beside x-auth-subject, and WSGI and CGI applications read the two as one.
        headers_with_underscores_action=core.HttpProtocolOptionsHeadersWithUnderscoresAction.REJECT_REQUEST,
        idle_timeout=limits.CONNECTION_IDLE_TIMEOUT,
    )


def _router() -> hcm.HttpFilter:
    return hcm.HttpFilter(name="envoy.filters.http.router", typed_config=Any.pack(router.Router()))
