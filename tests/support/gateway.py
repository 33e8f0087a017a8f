"""An Envoy before several pods, as a gateway is: it asks another pod where one says 503 or hangs up."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sidecar.demo.envoy import admin_port, find_envoy, is_ready, listener_port
from sidecar.demo.process import Process

_MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
_PREVIOUS = "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
_ENDPOINTS = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
#: What a gateway needs so that no request is lost with one of two pods. A denied request has changed nothing, so it may
#: be sent again. An application's own 503 looks the same: this is for those whose 503 has changed nothing either.
RETRIES: Any = {
    "retry_on": "connect-failure,refused-stream,reset-before-request,retriable-status-codes",
    "retriable_status_codes": [503],
    "num_retries": 3,
    "retry_host_predicate": [
        {"name": "envoy.retry_host_predicates.previous_hosts", "typed_config": {"@type": _PREVIOUS}}
    ],
    "host_selection_retry_max_attempts": 5,
}
#: Retries at a time: three by default, fewer than requests that one pod can say 503 to at once.
CIRCUIT_BREAKERS: Any = {"thresholds": [{"max_retries": 1024}]}


class Gateway:
    """One that runs. Clients connect to ``port``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def port(self) -> int:
        """Return where clients connect."""
        return listener_port(self._folder)

    def lead_to(self, addresses: Sequence[str]) -> None:
        """Send requests to these pods from now on: what a controller of endpoints tells it."""
        _write_endpoints(self._folder, addresses)


@contextmanager
def running_gateway(folder: Path, addresses: Sequence[str]) -> Iterator[Gateway]:
    """Run one before these pods, by address, until the context closes."""
    _write_endpoints(folder, addresses)
    (folder / "gateway.json").write_text(json.dumps(_bootstrap(folder)), encoding="utf-8")
    command = [
        *(find_envoy(), "-c", str(folder / "gateway.json"), "--admin-address-path", str(folder / "envoy-admin.txt")),
        *("--disable-hot-restart", "--concurrency", "1", "--log-level", "warn"),
    ]
    with Process(command, folder / "gateway.log") as process:
        process.wait_for(lambda: admin_port(folder) is not None, "Envoy")
        process.wait_for(lambda: is_ready(folder), "Envoy")
        yield Gateway(folder)


def _write_endpoints(folder: Path, addresses: Sequence[str]) -> None:
    endpoints = [{"endpoint": {"address": _socket(address, 8080)}} for address in addresses]
    assignment = {"@type": _ENDPOINTS, "cluster_name": "shop", "endpoints": [{"lb_endpoints": endpoints}]}
    made = folder / "endpoints.made"
    made.write_text(json.dumps({"resources": [assignment]}), encoding="utf-8")
    # Envoy looks at a file that was moved to its place, which is there whole.
    made.rename(folder / "endpoints.json")


def _socket(address: str, port: int) -> Any:  # noqa: ANN401 - Envoy's
    return {"socket_address": {"address": address, "port_value": port}}


def _bootstrap(folder: Path) -> Any:  # noqa: ANN401 - Envoy's
    route = {"match": {"prefix": "/"}, "route": {"cluster": "shop", "retry_policy": RETRIES}}
    manager = {
        "@type": _MANAGER,
        "stat_prefix": "gateway",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {"@type": _ROUTER}}],
    }
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
    listener = {"name": "in", "address": _socket("127.0.0.1", 0), "filter_chains": [{"filters": filters}]}
    source = {"resource_api_version": "V3", "path_config_source": {"path": str(folder / "endpoints.json")}}
    cluster = {
        "name": "shop",
        "type": "EDS",
        "connect_timeout": "0.25s",
        "eds_cluster_config": {"eds_config": source},
        "circuit_breakers": CIRCUIT_BREAKERS,
    }
    return {
        "node": {"id": "gateway", "cluster": "gateway"},
        "admin": {"address": _socket("127.0.0.1", 0)},
        "static_resources": {"listeners": [listener], "clusters": [cluster]},
    }
