"""Envoy's options that must equal what a sidecar's configuration says."""

from sidecar.core.headers_read import OVERRIDE_HEADERS
from sidecar.core.trust import Trust
from sidecar.envoy_config.options import EnvoyOptions


def options_for(trust: Trust, addresses: tuple[str, ...], *, all_headers: bool = False) -> EnvoyOptions:
    """Return the options of an Envoy that asks a sidecar under ``trust``, whose servers listen on ``addresses``.

    ``all_headers``: have it send those too that no policy looks at.
    """
    response = trust.response
    return EnvoyOptions(
        authz_addresses=addresses,
        identity_headers=response.stripped_headers,
        override_headers=OVERRIDE_HEADERS if response.strip_override_headers else (),
        forward_token=response.forward_token,
        token_headers=response.token_headers,
        path_mode=trust.path_mode,
        allowed_headers=None if all_headers else tuple(sorted(trust.headers_read)),
    )
