"""What Envoy counts of the sidecar's cluster."""

import http.client
import json

from sidecar.demo.envoy import Envoy


def statistics(envoy: Envoy, prefix: str) -> dict[str, int]:
    """Return the counters and gauges below ``cluster.authz.PREFIX``, by what follows that."""
    connection = http.client.HTTPConnection("127.0.0.1", envoy.admin_port, timeout=30)
    try:
        connection.request("GET", f"/stats?filter=^cluster.authz.{prefix}&format=json")
        found = json.loads(connection.getresponse().read())["stats"]
    finally:
        connection.close()
    return {one["name"].removeprefix(f"cluster.authz.{prefix}."): one["value"] for one in found if "name" in one}
