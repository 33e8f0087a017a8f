"""Parts of the bootstrap, for who has one already: as they stand there, by the names of the fields they belong into."""

import json
from collections.abc import Mapping
from typing import Any

from sidecar.envoy_config.bootstrap import to_json
from sidecar.envoy_config.clusters import AUTHZ
from sidecar.envoy_config.options import EnvoyOptions
from sidecar.envoy_config.telemetry import COLLECTOR

#: What of the connection manager is the application's own matter.
_OTHERS = frozenset({"@type", "statPrefix", "routeConfig", "httpFilters"})


def parts(options: EnvoyOptions) -> Mapping[str, Mapping[str, object]]:
    """Return each part by its name; raises ``ValueError`` as the whole does."""
    resources: dict[str, Any] = json.loads(to_json(options))["staticResources"]
    manager: dict[str, Any] = resources["listeners"][0]["filterChains"][0]["filters"][0]["typedConfig"]
    host: dict[str, Any] = manager["routeConfig"]["virtualHosts"][0]
    return {
        "filter": {"httpFilters": [manager["httpFilters"][0]]},
        "cluster": {"clusters": [one for one in resources["clusters"] if one["name"] in {AUTHZ, COLLECTOR}]},
        "manager": {name: value for name, value in manager.items() if name not in _OTHERS},
        "routes": _of_host(host),
    }


def _of_host(host: Mapping[str, Any]) -> Mapping[str, object]:
    """Return the virtual host without its name, and without what leads to the application."""
    rest = {name: value for name, value in host.items() if name not in {"name", "domains", "routes"}}
    return {"routes": [one for one in host["routes"] if "directResponse" in one], **rest}
