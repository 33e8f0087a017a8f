"""A real Envoy that asks over HTTP, with the filter of docs/forward-auth.md: client -> Envoy -> sidecar, upstream."""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from sidecar.demo.client import Answer, Call, send
from sidecar.demo.envoy import find_envoy
from sidecar.demo.process import Process
from sidecar.demo.upstream import EchoUpstream
from support.ports import free_ports
from support.processes import eventually
from support.sidecars import CONFIGURATION, Sidecar, running_sidecar

_PAGE = Path(__file__).parent.parent.parent / "docs/forward-auth.md"
_POLICIES = """\
policies:
  - {name: mallory, action: deny, rules: [{when: [{key: "request.headers[x-mallory]", values: ["*"]}]}]}
  - {name: orders, action: allow, rules: [{to: [{operation: {methods: [GET, HEAD, POST], paths: ["/orders*"]}}]}]}
public: [{paths: ["/public*"]}]
"""
_FORGED = (("x-auth-subject", "root"), ("x-auth-issuer", "me"), ("x.auth.subject", "root"), ("forwarded", "host=b"))


def _bootstrap(port: int, authz: int, upstream: int) -> dict[str, Any]:
    text = _PAGE.read_text(encoding="utf-8").partition("name: envoy.filters")[2].partition("```")[0]
    ext_authz = json.loads(json.dumps(YAML(typ="safe").load("name: envoy.filters" + text)))
    # So that an error would let in, which no denial may be.
    ext_authz["typed_config"]["failure_mode_allow"] = True
    ext_authz["typed_config"]["http_service"]["server_uri"]["timeout"] = "20s"
    router = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
    manager = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    routes = [{"match": {"prefix": "/"}, "route": {"cluster": "application"}}]
    http = {
        "@type": f"type.googleapis.com/{manager}",
        "stat_prefix": "test",
        "use_remote_address": True,
        "http_filters": [ext_authz, {"name": "router", "typed_config": {"@type": router}}],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
    }
    listener = {"address": _address(port), "filter_chains": [{"filters": [{"name": "hcm", "typed_config": http}]}]}
    clusters = [_cluster("authz", authz), _cluster("application", upstream)]
    return {"static_resources": {"listeners": [listener], "clusters": clusters}}


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _cluster(name: str, port: int) -> dict[str, Any]:
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": _address(port)}}]}]
    return {"name": name, "load_assignment": {"cluster_name": name, "endpoints": endpoints}}


@dataclass(frozen=True)
class _Stack:
    port: int
    sidecar: Sidecar

    def send(self, path: str = "/orders", method: str = "GET", *headers: tuple[str, str], token: bool = True) -> Answer:
        credential = [("authorization", f"Bearer {self.sidecar.workspace.token()}")] if token else []
        return send(self.port, Call(method, path, [*credential, *headers]))

    def is_up(self) -> bool:
        try:
            return self.send("/public").status == 200
        except OSError:
            return False


@pytest.fixture(scope="module")
def stack() -> Iterator[_Stack]:
    """Run all of it."""
    port, authz = free_ports(2)
    with tempfile.TemporaryDirectory(prefix="http-") as name, EchoUpstream() as upstream:
        folder = Path(name)
        forward_auth = (
            f"forward_auth: {{listen: '127.0.0.1:{authz}', proxy: envoy, check_seconds: 20, max_headers: 48}}\n"
        )
        text = CONFIGURATION.partition("policies:")[0] + _POLICIES + forward_auth
        (folder / "envoy.json").write_text(json.dumps(_bootstrap(port, authz, upstream.port)), encoding="utf-8")
        command = [find_envoy(), "-c", str(folder / "envoy.json"), "--disable-hot-restart", "--concurrency", "1"]
        with (
            running_sidecar(folder, text, {"AUTHZ_ENABLE_MULTIPROCESSING": "false"}) as sidecar,
            Process([*command, "--log-level", "warn"], folder / "envoy.log") as process,
        ):
            found = _Stack(port, sidecar)
            assert eventually(found.is_up), process.printed()
            yield found


def _upstream(answer: Answer) -> dict[str, str]:
    assert answer.upstream_headers is not None, answer
    return dict(answer.upstream_headers)


def test_identity_comes_from_the_token_alone(stack: _Stack) -> None:
    """With a good token the upstream gets its identity, on public paths none; what overrides is taken off."""
    headers = _upstream(stack.send("/orders?a=1", "GET", *_FORGED))
    assert headers["x-auth-subject"] == "alice"
    assert not {"forwarded", "x.auth.subject"} & headers.keys()
    public = _upstream(stack.send("/public", "GET", *_FORGED, token=False))
    assert not {name for name in public if "auth" in name}, public


def test_denials(stack: _Stack) -> None:
    """They reach the client as they are, with reason and challenge."""
    without = stack.send(token=False)
    assert (without.status, without.reason) == (401, "no_credential")
    assert without.headers["www-authenticate"] == 'Bearer realm="api"'
    assert (stack.send("/elsewhere").status, stack.send("/elsewhere").reason) == (403, "no_policy_allows")
    assert stack.send("/orders", "GET", ("x-mallory", "1")).reason == "denied_by_policy"
    assert stack.send("/orders", "DELETE").status == 403
    assert stack.send("/orders", "HEAD").status == 200


@pytest.mark.parametrize("target", ["//orders", "/orders/../admin", "/orders/%2e%2e/admin", "/orders%2F1", "/orders;a"])
def test_odd_paths_are_denied(stack: _Stack, target: str) -> None:
    """What is not in normal form is denied as what it is."""
    assert (stack.send(target).status, stack.send(target).reason) == (400, "path_not_normal")


def test_a_fault_is_no_failure(stack: _Stack) -> None:
    """What cannot be asked is denied with 403, since a 5xx would let it in under failure_mode_allow."""
    answer = stack.send("/orders", "GET", *((f"x-{number}", "1") for number in range(60)))
    assert (answer.status, answer.reason) == (403, "unreadable_request")


def test_forged_headers_are_the_client_s_fault(stack: _Stack) -> None:
    """What only a proxy says is denied where a client says it."""
    answer = stack.send("/orders", "GET", ("x-original-uri", "/public"))
    assert (answer.status, answer.reason) == (400, "header_not_allowed")
