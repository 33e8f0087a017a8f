"""The bootstrap in files that Envoy reads again: listener, clusters and the sidecar's endpoints come by xDS.

Envoy looks at a file once it was *moved* to where it is (``path_config_source``), be it by a rename, or because a link
in its folder leads elsewhere (``watched_directory``), which is how Kubernetes exchanges a mounted ConfigMap; never
because it was written in place. What a file says is refused as a whole where it is not valid, and the last one stays.
"""

import json
from collections.abc import Mapping
from typing import Any

from sidecar.envoy_config.bootstrap import to_json
from sidecar.envoy_config.clusters import AUTHZ
from sidecar.envoy_config.options import EnvoyOptions
from sidecar.envoy_config.tls import absolute

#: Files in the order in which they are to be written: what is named before who names it, so that nothing is missing.
ENDPOINTS, CLUSTERS, LISTENERS, BOOTSTRAP = "endpoints.json", "clusters.json", "listeners.json", "bootstrap.json"

_ENDPOINT = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
_CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
_LISTENER = "type.googleapis.com/envoy.config.listener.v3.Listener"
#: Envoy takes nothing by xDS without a name for itself.
_NODE = {"id": "envoy", "cluster": "envoy"}


def resources(options: EnvoyOptions, folder: str) -> Mapping[str, str]:
    """Return each file's text by its name, for a folder that Envoy sees as ``folder``; raises ``ValueError``."""
    absolute("folder", folder)
    whole: dict[str, Any] = json.loads(to_json(options))
    static = whole.pop("staticResources")
    (authz,) = (one for one in static["clusters"] if one["name"] == AUTHZ)
    assignment = authz.pop("loadAssignment")
    authz["type"] = "EDS"
    authz["edsClusterConfig"] = {"edsConfig": _file(folder, ENDPOINTS)}
    whole["node"] = whole.get("node", _NODE)
    whole["dynamicResources"] = {"ldsConfig": _file(folder, LISTENERS), "cdsConfig": _file(folder, CLUSTERS)}
    return {
        ENDPOINTS: _text(_ENDPOINT, [assignment]),
        CLUSTERS: _text(_CLUSTER, static["clusters"]),
        LISTENERS: _text(_LISTENER, static["listeners"]),
        BOOTSTRAP: json.dumps(whole, indent=2) + "\n",
    }


def _file(folder: str, name: str) -> Mapping[str, object]:
    source = {"path": f"{folder}/{name}", "watchedDirectory": {"path": folder}}
    return {"pathConfigSource": source, "resourceApiVersion": "V3"}


def _text(kind: str, found: list[dict[str, Any]]) -> str:
    return json.dumps({"resources": [{"@type": kind, **one} for one in found]}, indent=2) + "\n"
