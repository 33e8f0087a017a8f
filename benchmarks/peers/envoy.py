"""Envoy as every contender gets it: one worker, one listener, the same routes; only the filters differ.

Envoy answers by itself once the filters let a request through. An upstream would cost all contenders the same, take
time of the processors they share, and make every ratio look flatter than it is.
"""

import http.client
import json
from contextlib import ExitStack
from pathlib import Path

from peers.contender import Front, Message
from sidecar.core.strict_json import Json
from sidecar.demo.process import Process

#: Answers to requests with this header tell what the filters handed on; ``answers`` asks for it, no load does.
TELL = "x-tell"
#: What those answers have: the identity headers as the application would get them, and the tenant in the metadata.
TOLD = {f"x-told-{name}": f"%REQ(x-auth-{name})%" for name in ("subject", "issuer", "scopes", "tenant")}
TOLD_METADATA = "x-told-metadata"
_TYPE = "type.googleapis.com/envoy"
_TRACING = "tracing"


def bootstrap(front: Front, *, traced: bool = False) -> str:
    """Return Envoy's bootstrap as JSON, with the contender's filters and clusters."""
    if front.bootstrap:
        return front.bootstrap
    clusters: list[Json] = [dict(one) for one in (*front.clusters, *([_tracing_cluster()] if traced else []))]
    manager = {"name": "envoy.filters.network.http_connection_manager", "typed_config": _manager(front, traced=traced)}
    return json.dumps(
        {
            "admin": {"address": _loopback()},
            "static_resources": {
                "listeners": [
                    {"name": "ingress", "address": _loopback(), "filter_chains": [{"filters": [manager]}]},
                ],
                "clusters": clusters,
            },
        },
        indent=1,
    )


def start(binary: str, configuration: str, folder: Path) -> tuple[Process, int]:
    """Start Envoy in ``folder`` and wait until it takes requests; raises ``ProcessError``. Returns the port too.

    The caller ends the process.
    """
    file, admin_file = folder / "envoy.json", folder / "admin.txt"
    file.write_text(configuration, encoding="utf-8")
    command = [binary, "-c", str(file), "--admin-address-path", str(admin_file), "--disable-hot-restart"]
    process = Process([*command, "--concurrency", "1", "--log-level", "warn"], folder / "envoy.log")
    with ExitStack() as failing:
        failing.push(process)
        process.wait_for(lambda: _ask(admin_file, "/ready") == b"LIVE\n", "Envoy")
        process.wait_for(lambda: _all_healthy(_ask(admin_file, "/clusters?format=json")), "Envoy's look at the server")
        listeners = json.loads(_ask(admin_file, "/listeners?format=json"))
        failing.pop_all()
    return process, int(listeners["listener_statuses"][0]["local_address"]["socket_address"]["port_value"])


def _manager(front: Front, *, traced: bool) -> dict[str, Json]:
    router: dict[str, Json] = {
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": f"{_TYPE}.extensions.filters.http.router.v3.Router"},
    }
    filters: list[Json] = [*(dict(one) for one in front.filters), router]
    table: list[Json] = [*routes(front.tenant)]
    host: dict[str, Json] = {"name": "all", "domains": ["*"], "routes": table}
    return {
        "@type": f"{_TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "ingress",
        # As Istio's gateways have it, so that no contender decides on another path than is routed.
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "use_remote_address": True,
        "route_config": {"name": "all", "virtual_hosts": [host]},
        "http_filters": filters,
        **({"tracing": _tracing()} if traced else {}),
    }


def routes(tenant: str) -> list[dict[str, Json]]:
    """Return the routes that answer a request which was let through; ``tenant`` as in ``Front``."""
    told = {**TOLD, **({TOLD_METADATA: f"%DYNAMIC_METADATA({tenant})%"} if tenant else {})}
    answer: dict[str, Json] = {"status": 200, "body": {"inline_string": "ok\n"}}
    telling: dict[str, Json] = {
        "match": {"prefix": "/", "headers": [{"name": TELL, "present_match": True}]},
        "direct_response": answer,
        "response_headers_to_add": [{"header": {"key": key, "value": value}} for key, value in told.items()],
    }
    return [telling, {"match": {"prefix": "/"}, "direct_response": answer}]


def _tracing() -> dict[str, Json]:
    """Trace every request. Nobody takes the spans; what counts is that each check's metadata names another span."""
    return {
        "random_sampling": {"value": 100.0},
        "provider": {
            "name": "envoy.tracers.opentelemetry",
            "typed_config": {
                "@type": f"{_TYPE}.config.trace.v3.OpenTelemetryConfig",
                "grpc_service": {"envoy_grpc": {"cluster_name": _TRACING}, "timeout": "0.25s"},
                "service_name": "bench",
            },
        },
    }


def _tracing_cluster() -> Message:
    return {"name": _TRACING, "type": "STATIC", "load_assignment": {"cluster_name": _TRACING, "endpoints": []}}


def _loopback() -> dict[str, Json]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": 0}}


def _all_healthy(answer: bytes) -> bool:
    """Say whether Envoy would ask every endpoint it has."""
    if not answer:
        return False
    clusters = json.loads(answer).get("cluster_statuses", [])
    hosts = [host["health_status"] for cluster in clusters for host in cluster.get("host_statuses", [])]
    return not any(host.get("failed_active_health_check") or host.get("pending_active_hc") for host in hosts)


def _ask(admin_file: Path, path: str) -> bytes:
    """Ask Envoy's admin interface; empty while it does not answer."""
    port = admin_file.read_text(encoding="utf-8").rpartition(":")[2].strip() if admin_file.exists() else ""
    if not port.isdecimal():
        return b""
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().read()
    except OSError:
        return b""
    finally:
        connection.close()
