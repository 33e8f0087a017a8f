"""The ext_authz filter: how Envoy asks, and what it does with the answer."""

from datetime import timedelta

from envoy_data_plane.envoy.config.core import v3 as core
from envoy_data_plane.envoy.extensions.filters.http.ext_authz import v3 as ext_authz
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager import v3 as hcm
from envoy_data_plane.envoy.extensions.retry.host.previous_hosts import v3 as previous_hosts
from envoy_data_plane.envoy.type import v3 as envoy_type
from envoy_data_plane.envoy.type.matcher import v3 as matcher
from envoy_data_plane.google.protobuf import Any

from sidecar.core.effects.reply import MOST_BODY
from sidecar.core.headers_read import BODY_SENT, HEADERS_SENT
from sidecar.envoy_config.clusters import AUTHZ
from sidecar.envoy_config.options import EnvoyOptions

#: Also the key of per-route overrides and the namespace of the check's dynamic metadata.
NAME = "envoy.filters.http.ext_authz"

#: What Envoy sets on a request that it let in unchecked; stripped from clients like an identity header.
UNCHECKED_HEADER = "x-envoy-auth-failure-mode-allowed"

#: Names that an upstream may take for another one. Pseudo-headers begin with a colon, and are not meant.
_ODD_NAME = "[a-z0-9-]*[^a-z0-9:-].*"

_RETRIES = 3


def http_filter(options: EnvoyOptions) -> hcm.HttpFilter:
    """Return the filter for ``http_filters``; it must come before any filter that acts on an identity."""
    return hcm.HttpFilter(name=NAME, typed_config=Any.pack(_ext_authz(options)))


def disabled() -> dict[str, Any]:
    """Return the per-route override under which the sidecar is not asked."""
    return {NAME: Any.pack(ext_authz.ExtAuthzPerRoute(disabled=True))}


def _ext_authz(options: EnvoyOptions) -> ext_authz.ExtAuthz:
    # No filter_enabled: its runtime key would be a switch, reachable through the admin port, that turns the check off.
    return ext_authz.ExtAuthz(
        transport_api_version=core.ApiVersion.V3,
        grpc_service=_grpc_service(options),
        failure_mode_allow=options.failure_mode_allow,
        # So that the application can tell a request that was let in unchecked from one that was allowed.
        failure_mode_allow_header_add=options.failure_mode_allow,
        # "The sidecar did not answer" is the server's fault; Envoy's default 403 would read as a decision.
        status_on_error=envoy_type.HttpStatus(code=envoy_type.StatusCode.ServiceUnavailable),
        # A header that HTTP cannot carry ends in 500 instead of in the upstream request.
        validate_mutations=options.validate_mutations,
        # A bug in the sidecar must not flood the client: both are bounds, no lower than what the sidecar sends.
        max_denied_response_body_bytes=MOST_BODY,
        enforce_response_header_limits=True,
        # The SNI, for policy conditions on connection.sni; nothing is sent on a listener without TLS.
        include_tls_session=True,
        include_peer_certificate=options.peer_certificate,
        # Denials are not the application's answers: they stay out of cluster.app.upstream_rq_4xx.
        charge_cluster_response_stats=False,
        # Latency of the check for access logs: %FILTER_STATE(envoy.filters.http.ext_authz:FIELD:latency_us)%.
        emit_filter_state_stats=True,
        encode_raw_headers=options.encode_raw_headers,
        allowed_headers=_allowed_headers(options),
        with_request_body=_body(options),
        route_metadata_context_namespaces=[*options.route_metadata],
    )


def _allowed_headers(options: EnvoyOptions) -> matcher.ListStringMatcher | None:
    if options.allowed_headers is None:
        return None
    # Exact names first: they end the look at a header soonest.
    names = [matcher.StringMatcher(exact=name) for name in options.allowed_headers]
    odd = [matcher.StringMatcher(safe_regex=matcher.RegexMatcher(regex=_ODD_NAME))]
    # Without the raw path the sidecar would see "!" for each byte that is not UTF-8.
    path = [matcher.StringMatcher(exact=":path")] if options.encode_raw_headers else []
    return matcher.ListStringMatcher(patterns=[*names, *path, *odd])


def _body(options: EnvoyOptions) -> ext_authz.BufferSettings | None:
    if not options.max_body_bytes:
        return None
    return ext_authz.BufferSettings(
        max_request_bytes=options.max_body_bytes,
        allow_partial_message=options.allow_partial_message,
        # As text Envoy would show "!" for each byte that is not UTF-8.
        pack_as_bytes=True,
    )


def said_of_what_is_sent(options: EnvoyOptions) -> dict[str, Any]:
    """Return the per-route setting that tells the sidecar what it is sent: which headers, unless all, and of bodies."""
    said: dict[str, str] = {}
    if options.allowed_headers is not None:
        said[HEADERS_SENT] = ",".join(options.allowed_headers)
    if options.max_body_bytes:
        said[BODY_SENT] = str(options.max_body_bytes)
    if not said:
        return {}
    settings = ext_authz.CheckSettings(context_extensions=said)
    return {NAME: Any.pack(ext_authz.ExtAuthzPerRoute(check_settings=settings))}


def _grpc_service(options: EnvoyOptions) -> core.GrpcService:
    return core.GrpcService(
        # The socket's path is no valid :authority, so one is given.
        envoy_grpc=core.GrpcServiceEnvoyGrpc(
            cluster_name=AUTHZ,
            authority="authz.local",
            # No x-forwarded-for and x-envoy-internal on the call: the sidecar reads the caller from the CheckRequest.
            skip_envoy_headers=True,
        ),
        # For the whole check, retries included; the sidecar sees it as grpc-timeout and gives up in time.
        timeout=timedelta(seconds=options.timeout_seconds),
        # Here, not in envoy_grpc: that one is for re-establishing long-lived streams.
        retry_policy=_retry_policy(options),
    )


def _retry_policy(options: EnvoyOptions) -> core.RetryPolicy:
    # A check has no effect, so it may be repeated. With this, killing one of three server processes fails no request.
    # Cancelled: what reaches gRPC's own server at the moment it stops.
    return core.RetryPolicy(
        retry_on="connect-failure,refused-stream,reset,unavailable,cancelled",
        num_retries=_RETRIES,
        # Envoy's default of 25 ms is made for networks; here the other process is on the same machine. The longest
        # pause never comes to pass in three retries, but Envoy also takes it, undocumented, for the time-out of each
        # try. With 5 ms a burst of 200 requests lost a third; half leaves time for another process if one is silent.
        retry_back_off=core.BackoffStrategy(
            base_interval=timedelta(milliseconds=1), max_interval=timedelta(seconds=options.timeout_seconds / 2)
        ),
        # Not the process that has just failed, as long as five draws find another one.
        retry_host_predicate=[
            core.RetryPolicyRetryHostPredicate(
                name="envoy.retry_host_predicates.previous_hosts",
                typed_config=Any.pack(previous_hosts.PreviousHostsPredicate()),
            )
        ],
        # A process that died has the fewest requests, and so is chosen in three of four cases: enough attempts that one
        # that lives is found all the same.
        host_selection_retry_max_attempts=16,
    )
