"""Envoy as each product configures it for its example in ``k8s/plugins``, with a real sidecar and an application."""

import copy
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecar.demo.client import Answer, Call, send
from sidecar.demo.envoy import admin_port, find_envoy, is_ready, listener_port
from sidecar.demo.process import Process
from sidecar.demo.stack import sidecar_addresses, start_sidecar
from sidecar.demo.upstream import EchoUpstream
from sidecar.demo.workspace import Workspace, prepare
from support.certificates import Authority
from support.envoy_filters import merged, patched
from support.manifests import FOLDER, read
from support.ports import free_port

EXAMPLES = FOLDER / "plugins"
FIXTURES = Path(__file__).resolve().parents[1] / "plugins" / "envoy"

_MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_SHARED = {"AUTHZ_LISTEN_MODE": "shared"}


@dataclass(frozen=True)
class Plugin:
    """An example: its fixture, the sidecar's configuration, and how Envoy reaches it."""

    name: str
    fixture: str
    config: Path
    #: ``unix``, or ``tls``: a Service.
    reach: str
    #: Whether the example has all servers on one port, and whether it could name several.
    shared: bool = False
    names_several: bool = True
    patches: Path | None = None


_SERVICE = EXAMPLES / "service/authz.yaml"
_POD = FOLDER / "components/example/authz.yaml"

PLUGINS: Mapping[str, Plugin] = {
    one.name: one
    for one in (
        Plugin("istio", "istio", _POD, "unix", patches=EXAMPLES / "istio/envoyfilter.yaml"),
        Plugin("istio-without-envoyfilter", "istio", _POD, "unix"),
        Plugin("envoy-gateway-socket", "envoy-gateway-socket", EXAMPLES / "envoy-gateway/socket/authz.yaml", "unix"),
        Plugin("envoy-gateway-service", "envoy-gateway-service", _SERVICE, "tls"),
        Plugin("contour", "contour", _SERVICE, "tls", shared=True),
        Plugin("emissary", "emissary", _SERVICE, "tls", shared=True, names_several=False),
        Plugin("gateway-api", "gateway-api", _SERVICE, "tls", shared=True, names_several=False),
    )
}


def made(plugin: Plugin) -> dict[str, Any]:
    """Return what the product makes of the example: ``manager`` and ``cluster``."""
    found = dict(read(FIXTURES / f"{plugin.fixture}.yaml")[0])
    if "like" in found:
        found = merged(read(FIXTURES / f"{found.pop('like')}.yaml")[0], found)
    if plugin.patches is not None:
        found = patched(found, read(plugin.patches)[0]["spec"]["configPatches"])
    return found


def ext_authz(made: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a part of any YAML
    """Return the filter's configuration in it."""
    filters = made["manager"]["http_filters"]
    (found,) = (one for one in filters if one["name"].startswith("envoy.filters.http.ext_authz"))
    return found["typed_config"]


@dataclass(frozen=True)
class Running:
    """A plug-in that runs. ``port`` is where clients connect, ``admin_port`` where Envoy tells about itself."""

    workspace: Workspace
    sidecar: Process
    port: int
    admin_port: int

    def token(self, **claims: Any) -> str:  # noqa: ANN401 - JSON
        """Return a token as the examples' issuer makes them."""
        return self.workspace.token(**{"iss": "https://idp.example.com", "aud": "orders", **claims})

    def ask(self, path: str, token: str | None = None, *headers: tuple[str, str]) -> Answer:
        """Send a request to Envoy."""
        bearer = [] if token is None else [("authorization", f"Bearer {token}")]
        return send(self.port, Call("GET", path, [("host", "orders.example.com"), *bearer, *headers]))


@contextmanager
def running_plugin(plugin: Plugin, *, shared: bool | None = None, seconds: float | None = None) -> Iterator[Running]:
    """Run it; ``shared`` and ``seconds`` say otherwise than the example how servers listen and how long a check is."""
    is_shared = plugin.shared if shared is None else shared
    with tempfile.TemporaryDirectory(prefix="pl-") as name, ExitStack() as stack:
        folder = Path(name)
        ca = _certificates(folder)
        workspace = prepare(folder, _configuration(plugin, folder, shared=is_shared))
        sidecar = stack.enter_context(start_sidecar(workspace, environment=_SHARED if is_shared else {}))
        upstream = stack.enter_context(EchoUpstream())
        made_of_it = made(plugin)
        if seconds is not None:
            _give_time(made_of_it, seconds)
        addresses = sidecar_addresses(sidecar)
        bootstrap = _bootstrap(made_of_it, addresses, upstream.port)
        envoy = stack.enter_context(_envoy(folder, json.loads(json.dumps(bootstrap).replace('"CA"', json.dumps(ca)))))
        envoy.wait_for(lambda: is_ready(folder), "Envoy")
        yield Running(workspace, sidecar, listener_port(folder), admin_port(folder) or 0)


def _certificates(folder: Path) -> str:
    authority = Authority(folder, "ca")
    files = authority.sign("tls", hosts=["authz.shop.svc"])
    shutil.move(files.certificate, folder / "tls.crt")
    return authority.file


def _configuration(plugin: Plugin, folder: Path, *, shared: bool) -> str:
    """Return the example's configuration, with what is this machine's in the place of what is a pod's."""
    document = read(plugin.config)[0]
    document["probe"] = {"listen": False}
    document["admin"] = {}
    if plugin.reach == "tls":
        document["tls"] = {"certificate_file": str(folder / "tls.crt"), "key_file": str(folder / "tls.key")}
    # A socket has one listener: what servers share is a port. Else it is the workspace's own.
    is_port = plugin.reach == "tls" or shared
    document["listen"] = f"127.0.0.1:{free_port()}" if is_port else "{listen}"
    return json.dumps(document)


def _give_time(made: Mapping[str, Any], seconds: float) -> None:
    """Give checks, and each try, more time: this machine does other things as well."""
    service = ext_authz(made)["grpc_service"]
    service["timeout"] = f"{seconds}s"
    if "retry_policy" in service:
        service["retry_policy"]["retry_back_off"]["max_interval"] = f"{seconds / 2}s"


def _bootstrap(made: Mapping[str, Any], addresses: Sequence[str], upstream: int) -> dict[str, Any]:
    manager = {"@type": _MANAGER, **made["manager"]}
    connections = {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
    cluster = copy.deepcopy(made["cluster"])
    endpoints = [{"endpoint": {"address": _address(one)}} for one in addresses]
    groups = [[one] for one in endpoints] if made.get("localities") else [endpoints]
    cluster["type"] = "STATIC"
    cluster["load_assignment"] = {
        "cluster_name": cluster["name"],
        "endpoints": [
            {"lb_endpoints": one, "locality": {"region": str(at)}, "load_balancing_weight": 1}
            for at, one in enumerate(groups)
        ],
    }
    return {
        "admin": {"address": _socket(0)},
        "static_resources": {
            "listeners": [{"name": "in", "address": _socket(0), "filter_chains": [{"filters": [connections]}]}],
            "clusters": [application(upstream), cluster],
        },
    }


def application(port: int) -> dict[str, Any]:
    """Return the application's cluster."""
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": _socket(port)}}]}]
    return {"name": "app", "type": "STATIC", "load_assignment": {"cluster_name": "app", "endpoints": endpoints}}


def _address(text: str) -> dict[str, Any]:
    if text.startswith("unix:"):
        return {"pipe": {"path": text.removeprefix("unix:")}}
    return _socket(int(text.rpartition(":")[2]))


def _socket(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _envoy(folder: Path, bootstrap: Mapping[str, Any]) -> Process:
    file = folder / "envoy.json"
    file.write_text(json.dumps(bootstrap), encoding="utf-8")
    flags = ("--disable-hot-restart", "--concurrency", "2", "--log-level", "warn")
    admin = ("--admin-address-path", str(folder / "envoy-admin.txt"))
    return Process([find_envoy(), "-c", str(file), *admin, *flags], folder / "envoy.log")
