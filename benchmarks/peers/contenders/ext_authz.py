"""The ext_authz filter and its cluster as our generator makes them, for every server that is asked through it."""

from typing import Any

from peers.contender import Message
from sidecar.core.headers_read import OVERRIDE_HEADERS
from sidecar.envoy_config import EnvoyOptions, clusters
from sidecar.envoy_config import filter as authz_filter

NAME = authz_filter.NAME
#: Seconds. Envoy's 0.2 would have slow servers refuse under load, and a refusal costs less than a decision.
TIMEOUT = 5.0
#: What every one of them is sent, as our generator has it.
HEADERS = ("authorization", "x-request-id", *OVERRIDE_HEADERS)


def filters(address: str, **chosen: Any) -> tuple[Message, ...]:  # noqa: ANN401 - EnvoyOptions' fields
    """Return the filter that asks the server at ``address``."""
    return (authz_filter.http_filter(options(address, **chosen)).to_dict(),)


def cluster(address: str, *, health_checked: bool = True) -> tuple[Message, ...]:
    """Return the server's cluster; without health checks for a server that has no gRPC health service."""
    made = clusters.authz(options(address)).to_dict()
    if not health_checked:
        del made["healthChecks"]
    return (made,)


def options(address: str, **chosen: Any) -> EnvoyOptions:  # noqa: ANN401 - EnvoyOptions' fields
    """Return the generator's options for one server at ``address``."""
    chosen = {"allowed_headers": HEADERS} | chosen
    return EnvoyOptions(authz_addresses=(address,), timeout_seconds=TIMEOUT, **chosen)
