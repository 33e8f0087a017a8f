"""The listener: what a request goes through before it is routed."""

from envoy_data_plane.envoy.config.common.mutation_rules import v3 as mutation_rules
from envoy_data_plane.envoy.config.core import v3 as core
from envoy_data_plane.envoy.config.listener import v3 as listener
from envoy_data_plane.envoy.extensions.filters.http.router import v3 as router
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager import v3 as hcm
from envoy_data_plane.envoy.extensions.http.early_header_mutation.header_mutation import v3 as early
from envoy_data_plane.google.protobuf import Any

from sidecar.core.path import PathMode
from sidecar.envoy_config import filter as authz_filter
from sidecar.envoy_config import route
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
        filter_chains=[listener.FilterChain(filters=[manager])],
    )


def _connection_manager(options: EnvoyOptions) -> hcm.HttpConnectionManager:
    normalize_path, merge_slashes = _NORMALISATION[options.path_mode]
    return hcm.HttpConnectionManager(
        stat_prefix="ingress",
        # Always said, never left to a default: unset, runtime keys could change what the sidecar decides on.
        normalize_path=normalize_path,
        merge_slashes=merge_slashes,
        path_with_escaped_slashes_action=_escaped_slashes(options),
        # x_auth_subject passes beside x-auth-subject, and WSGI and CGI applications read the two as one.
        common_http_protocol_options=core.HttpProtocolOptions(
            headers_with_underscores_action=core.HttpProtocolOptionsHeadersWithUnderscoresAction.REJECT_REQUEST
        ),
        early_header_mutation_extensions=[_strip(options)],
        # The address of the connection counts, not what the client wrote into x-forwarded-for.
        use_remote_address=True,
        # A client's own x-forwarded-client-cert is dropped; what the handshake proved takes its place.
        forward_client_cert_details=hcm.HttpConnectionManagerForwardClientCertDetails.SANITIZE_SET,
        set_current_client_cert_details=hcm.HttpConnectionManagerSetCurrentClientCertDetails(uri=True, dns=True),
        route_config=route.configuration(options),
        http_filters=[authz_filter.http_filter(options), _router()],
    )


def _escaped_slashes(options: EnvoyOptions) -> _EscapedSlashes:
    if options.path_mode is PathMode.DECODE_AND_MERGE_SLASHES:
        return _EscapedSlashes.UNESCAPE_AND_FORWARD
    return _EscapedSlashes.KEEP_UNCHANGED


def _strip(options: EnvoyOptions) -> core.TypedExtensionConfig:
    # INVARIANT: before routing and before every filter, so that it also holds where the sidecar is not asked.
    names = (*options.identity_headers, authz_filter.UNCHECKED_HEADER)
    mutation = early.HeaderMutation(mutations=[mutation_rules.HeaderMutation(remove=name) for name in names])
    return core.TypedExtensionConfig(
        name="envoy.http.early_header_mutation.header_mutation", typed_config=Any.pack(mutation)
    )


def _router() -> hcm.HttpFilter:
    return hcm.HttpFilter(name="envoy.filters.http.router", typed_config=Any.pack(router.Router()))
