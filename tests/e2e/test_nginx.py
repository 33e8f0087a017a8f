"""A real nginx before the sidecar, configured as docs/forward-auth.md has it: client -> nginx -> sidecar, upstream."""

import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sidecar.demo.client import Answer, Call, send
from sidecar.demo.upstream import EchoUpstream
from support.nginx import running_nginx
from support.processes import eventually
from support.raw_http import RawRequest, send_http1
from support.sidecars import CONFIGURATION, Sidecar, running_sidecar

_POLICIES = """\
policies:
  - {name: mallory, action: deny, rules: [{when: [{key: "request.headers[x-mallory]", values: ["*"]}]}]}
  - {name: orders, action: allow, rules: [{to: [{operation: {methods: [GET, HEAD, POST], paths: ["/orders*"]}}]}]}
public: [{paths: ["/public*"]}]
"""
_FORGED = (("x-auth-subject", "root"), ("X-Auth-Issuer", "me"), ("x-auth-scopes", "all"), ("X-AUTH-SCOPES", "more"))


@dataclass(frozen=True)
class _Stack:
    port: int
    sidecar: Sidecar

    def send(self, path: str = "/orders", method: str = "GET", *headers: tuple[str, str], token: bool = True) -> Answer:
        credential = [("authorization", f"Bearer {self.sidecar.workspace.token()}")] if token else []
        return send(self.port, Call(method, path, [*credential, *headers]))

    def raw(self, target: str, *fields: str, method: str = "GET", body: str = "") -> bytes:
        token = f"authorization: Bearer {self.sidecar.workspace.token()}"
        return send_http1(self.port, RawRequest(method, target, ["api.example"], [token, *fields], body))


@pytest.fixture(scope="module")
def stack() -> Iterator[_Stack]:
    """Run all of it."""
    with tempfile.TemporaryDirectory(prefix="nginx-") as name, EchoUpstream() as upstream:
        folder = Path(name)
        forward_auth = f"forward_auth: {{listen: 'unix:{folder}/forward-auth.sock', proxy: nginx, check_seconds: 20}}\n"
        text = CONFIGURATION.partition("policies:")[0] + _POLICIES + forward_auth
        # Nothing here is about time, and the machine may be busy.
        places = {
            "proxy_read_timeout 2s": "proxy_read_timeout 20s",
            "/run/authz": str(folder),
            "127.0.0.1:8080": f"127.0.0.1:{upstream.port}",
        }
        with running_sidecar(folder, text) as sidecar, running_nginx(folder, places) as port:
            assert eventually((folder / "forward-auth-1.sock").exists)
            yield _Stack(port, sidecar)


def _identity(answer: Answer) -> dict[str, list[str]]:
    headers = answer.upstream_headers
    assert headers is not None, answer
    found: dict[str, list[str]] = {}
    for name, value in headers:
        if name.startswith("x-auth-"):
            found.setdefault(name, []).append(value)
    return found


def test_identity_comes_from_the_token_alone(stack: _Stack) -> None:
    """With a good token the upstream gets its identity, whatever the client sent, and on public paths none."""
    plain, forged = stack.send(), stack.send("/orders", "GET", *_FORGED)
    assert plain.status == forged.status == 200
    assert _identity(plain) == _identity(forged)
    assert _identity(forged)["x-auth-subject"] == ["alice"]
    assert stack.send("/public", token=False).status == 200
    for token in (False, True):
        public = stack.send("/public", "GET", *_FORGED, token=token)
        assert public.status == 200
        assert "root" not in str(_identity(public))
    assert _identity(stack.send("/public", "GET", *_FORGED, token=False)) == {}


def test_denials(stack: _Stack) -> None:
    """No token is 401 with its challenge, what policies deny 403, and the upstream hears of neither."""
    without = stack.send(token=False)
    assert (without.status, without.headers["www-authenticate"]) == (401, 'Bearer realm="api"')
    assert stack.send("/elsewhere").status == 403
    assert stack.send("/orders", "GET", ("x-mallory", "1")).status == 403
    assert stack.send("/orders", "DELETE").status == 403
    assert send(stack.port, Call("GET", "/orders", [("authorization", "Bearer a.b.c")])).status == 401


def test_the_method_and_the_body_are_the_client_s(stack: _Stack) -> None:
    """HEAD and POST are decided on as what they are; a body goes upstream, whole, and not to the sidecar."""
    assert stack.send("/orders", "HEAD").status == 200
    for fields, body in (
        (["content-length: 5"], "hello"),
        (["transfer-encoding: chunked"], "5\r\nhello\r\n0\r\n\r\n"),
        (["content-length: 5", "expect: 100-continue"], "hello"),
    ):
        answer = stack.raw("/orders?a=1", *fields, method="POST", body=body)
        assert b" 200 OK\r\n" in answer
        assert b'"method": "POST", "path": "/orders?a=1"' in answer


@pytest.mark.parametrize(
    "target",
    [
        "//orders",
        "/orders//1",
        "/orders/../admin",
        "/public/../orders",
        "/orders/%2e%2e/admin",
        "/orders/%2E./admin",
        "/orders%2F1",
        "/orders;a=b",
        "/orders\\1",
        "/public/..%2forders",
    ],
)
def test_odd_paths_are_denied(stack: _Stack, target: str) -> None:
    """What is not in normal form never reaches the upstream, though nginx would have routed it."""
    answer = stack.raw(target)
    assert answer.startswith((b"HTTP/1.1 403 ", b"HTTP/1.1 400 ")), answer
    assert b'"headers"' not in answer


def test_a_client_cannot_speak_for_nginx(stack: _Stack) -> None:
    """Headers of the client's under the names that nginx uses change nothing; those of another preset are denied."""
    lies = ("x-original-uri: /public", "x-original-method: GET", "x-forwarded-host: b", "x-real-ip: 10.0.0.1")
    assert b" 403 " in stack.raw("/elsewhere", *lies).partition(b"\r\n")[0]
    assert b" 200 " in stack.raw("/orders", *lies).partition(b"\r\n")[0]
    # An upstream that reads one of these would act on another request.
    forged = 'authz_forward_auth_requests_total{result="forged"}'
    before = stack.sidecar.metric(forged)
    for lie in ("x-forwarded-uri: /public", "x-http-method-override: DELETE", "forwarded: host=b"):
        assert stack.raw("/orders", lie).startswith(b"HTTP/1.1 403 "), lie
    assert eventually(lambda: stack.sidecar.metric(forged) == before + 3)
    assert stack.sidecar.metric('authz_forward_auth_requests_total{result="unreadable"}') == 0
    assert stack.sidecar.metric("authz_forward_auth_connections_total") > 0


def test_spellings_that_nginx_drops(stack: _Stack) -> None:
    """An identity header in another spelling does not reach the upstream."""
    answer = stack.raw("/orders", "x_auth_subject: root", "x.auth.subject: root")
    assert b" 200 " in answer.partition(b"\r\n")[0]
    assert b'"root"' not in answer


def test_a_killed_server_fails_no_request(stack: _Stack) -> None:
    """With one server killed the other answers, until it is there again."""
    stack.sidecar.kill("server-0")
    assert [stack.send().status for _ in range(4)] == [200] * 4


def test_nobody_is_let_in_without_the_sidecar() -> None:
    """Where no server answers, be it that none was ever there or that it was killed, all are refused."""
    with tempfile.TemporaryDirectory(prefix="nginx-") as name, EchoUpstream() as upstream:
        folder = Path(name)
        with socket.socket(socket.AF_UNIX) as left_behind:
            left_behind.bind(str(folder / "forward-auth.sock"))
        with running_nginx(folder, {"/run/authz": name, "127.0.0.1:8080": f"127.0.0.1:{upstream.port}"}) as port:
            assert [send(port, Call("GET", path)).status for path in ("/orders", "/public")] == [500, 500]
