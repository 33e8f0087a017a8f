"""Envoy's options that must equal what a sidecar's configuration says."""

from sidecar.core.headers_read import OVERRIDE_HEADERS
from sidecar.core.trust import Trust
from sidecar.envoy_config.options import CHECK_SECONDS, EnvoyOptions
from sidecar.transport.deadline import OF_THE_DEADLINE


def _asking_seconds(trust: Trust) -> float:
    """Return how long a check may have to wait for an issuer, which it has the time for beside its own."""
    issuers = trust.issuers.values()
    asked = (one.introspection.timeout for one in issuers if one.introspection)
    return max(*asked, *(one.refetch_wait for one in issuers), 0.0, 0.0)


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
        peer_certificate=any(one.bound is not None and one.bound.mtls for one in trust.issuers.values()),
        timeout_seconds=CHECK_SECONDS + _asking_seconds(trust) / OF_THE_DEADLINE,
        max_body_bytes=trust.max_body_bytes,
        allow_partial_message=trust.takes_partial_bodies,
        validate_mutations=not trust.effects.set_parameters,
        allowed_headers=None if all_headers else tuple(sorted(trust.headers_read)),
    )
