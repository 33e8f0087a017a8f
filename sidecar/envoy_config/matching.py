"""Envoy's options that must equal what a sidecar's configuration says."""

from sidecar.core.headers_read import OVERRIDE_HEADERS
from sidecar.core.trust import Trust
from sidecar.envoy_config.options import CHECK_SECONDS, EnvoyOptions


def options_for(trust: Trust, addresses: tuple[str, ...], *, all_headers: bool = False) -> EnvoyOptions:
    """Return the options of an Envoy that asks a sidecar under ``trust``, whose servers listen on ``addresses``.

    ``all_headers``: have it send those too that no policy looks at.
    """
    response = trust.response
    # A check that has to ask an issuer first has the time for that beside its own.
    asking = max((one.introspection.timeout for one in trust.issuers.values() if one.introspection), default=0.0)
    return EnvoyOptions(
        authz_addresses=addresses,
        identity_headers=response.stripped_headers,
        override_headers=OVERRIDE_HEADERS if response.strip_override_headers else (),
        forward_token=response.forward_token,
        token_headers=response.token_headers,
        path_mode=trust.path_mode,
        peer_certificate=any(one.bound is not None and one.bound.mtls for one in trust.issuers.values()),
        timeout_seconds=CHECK_SECONDS + asking,
        allowed_headers=None if all_headers else tuple(sorted(trust.headers_read)),
    )
