"""The whole bootstrap that our generator makes, and not its filter alone: what its other protection costs Envoy.

Header mutation in front of everything, and routes that refuse what is not in normal form. The application's route
answers by itself, as for all other contenders.
"""

import json

from peers.contenders.ext_authz import options
from peers.envoy import routes
from sidecar.core.strict_json import Json
from sidecar.envoy_config.bootstrap import bootstrap
from sidecar.envoy_config.clusters import APP


def whole_bootstrap(address: str, tenant: str) -> str:
    """Return the generated bootstrap for the sidecar at ``address``; ``tenant`` says where metadata has the tenant."""
    made = bootstrap(options(address, listener_port=0, admin_port=0)).to_dict()
    static = made["staticResources"]
    static["clusters"] = [cluster for cluster in static["clusters"] if cluster["name"] != APP]
    manager = static["listeners"][0]["filterChains"][0]["filters"][0]["typedConfig"]
    host = manager["routeConfig"]["virtualHosts"][0]
    refusing: list[Json] = [route for route in host["routes"] if "directResponse" in route]
    host["routes"] = [*refusing, *routes(tenant)]
    return json.dumps(made)
