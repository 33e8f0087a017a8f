"""Effects through the real Envoy: what the upstream gets, what clients get, and what Envoy's own filters see."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest

from sidecar.demo.client import Answer, Call, send
from sidecar.demo.stack import Stack
from sidecar.demo.workspace import CONFIGURATION
from sidecar.envoy_config import EnvoyOptions, to_json
from support.stacks import running_stack

_POLICIES = """\
policies:
  - name: suspended
    action: deny
    denied:
      status: 404
      html: "<!doctype html><title>No</title><p>{{ tenant }}</p>"
      values: {tenant: {cel: "identity.claims.tenant"}}
    rules: [{when: [{key: "request.auth.claims[tenant]", values: ["suspended*"]}]}]

  - name: closed
    action: deny
    denied:
      status: 429
      json: {error: closed, who: {cel: "identity.subject"}}
      headers: {set: {retry-after: "60", x-who: {cel: "identity.subject"}}}
    rules: [{to: [{operation: {paths: [/closed]}}]}]

  - name: effects
    action: allow
    allowed:
      upstream:
        set: {x-tenant: {cel: "identity.claims.tenant"}}
        append: {x-tag: ours}
        remove: [x-debug]
      client: {set: {server-timing: "authz", content-language: de}, append: {x-echo: ours}}
      query: {set: {tenant: {cel: "identity.claims.tenant"}}, remove: [debug]}
      metadata: {tenant: {cel: "identity.claims.tenant"}}
    rules: [{to: [{operation: {paths: [/effects]}}]}]

  - name: plain
    action: allow
    rules: [{to: [{operation: {paths: [/plain]}}]}]

response:
  public_origins: ["https://app.example"]
  unauthenticated:
    json: {error: login}
    redirect: {to: "https://login.example/start?rd={url}"}
"""
_LONG = "suspended" + "x" * 3000
_BROWSER = (("host", "app.example"), ("accept", "text/html"), ("sec-fetch-mode", "navigate"))


@pytest.fixture(scope="module", params=["several", "grpcio"])
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """Run a stack whose policies have effects, under either transport."""
    text = CONFIGURATION.partition("policies:\n")[0] + _POLICIES
    environment = {"AUTHZ_TRANSPORT": "grpcio"} if request.param == "grpcio" else {}
    with running_stack(text, environment) as one:
        yield one


def _ask(stack: Stack, path: str, *headers: tuple[str, str], tenant: str = "acme", method: str = "GET") -> Answer:
    token = ("authorization", f"Bearer {stack.workspace.token(tenant=tenant)}")
    return send(stack.envoy.port, Call(method, path, (token, *headers)))


def _seen(answer: Answer, name: str) -> list[str]:
    assert answer.upstream_headers is not None, answer
    return [value for key, value in answer.upstream_headers if key == name]


def _query(answer: Answer) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(json.loads(answer.body)["path"]).query, keep_blank_values=True, strict_parsing=True)


def test_set_append_remove(stack: Stack) -> None:
    """The upstream gets what is set alone, what is appended behind the client's, and not what is removed."""
    for _ in range(3):
        answer = _ask(stack, "/effects", ("x-tenant", "evil"), ("x-tag", "theirs"), ("x-debug", "1"), ("x.debug", "1"))
        assert _seen(answer, "x-tenant") == ["acme"]
        assert _seen(answer, "x-tag") == ["theirs,ours"]
        assert not {"x-debug", "x.debug"} & {name for name, _ in answer.upstream_headers or ()}
    assert _seen(_ask(stack, "/effects"), "x-tag") == ["ours"]
    assert _seen(_ask(stack, "/effects", ("x-tag", "a"), ("x-tag", "b")), "x-tag") == ["a,ours", "b"]


@pytest.mark.parametrize("path", ["/plain", "/public/a"])
@pytest.mark.parametrize("name", ["x-tenant", "X-Tenant", "x.tenant", "x~tenant"])
def test_nobody_sends_what_a_policy_sets(stack: Stack, path: str, name: str) -> None:
    """Where another policy lets it in, or none is asked, the client's header does not arrive."""
    for _ in range(3):
        answer = _ask(stack, path, (name, "evil"))
        assert answer.status == 200
        assert "evil" not in str(answer.upstream_headers)


def test_client_headers(stack: Stack) -> None:
    """The client gets headers in place of the upstream's and behind them."""
    answer = _ask(stack, "/effects")
    assert answer.headers["content-language"] == "de"
    assert (answer.headers["server-timing"], answer.headers["x-echo"]) == ("authz", "ours")
    assert "x-echo" not in _ask(stack, "/plain").headers


@pytest.mark.parametrize("tenant", ["acme", "a b", "a&b=c", "50% +1", "Zoë/ü", "a#b?c", "{}[]|^`~!$'()*,;:@", '"\\<>'])
def test_query(stack: Stack, tenant: str) -> None:
    """The upstream decodes the parameter to the value, and the others stay."""
    answer = _ask(stack, "/effects?b=%26&debug=1&tenant=evil&a=x+y&tenant=evil&debug", tenant=tenant)
    assert sorted(_query(answer)) == sorted([("a", "x y"), ("b", "&"), ("tenant", tenant)])
    assert _query(_ask(stack, "/effects", tenant=tenant)) == [("tenant", tenant)]


def test_query_of_others(stack: Stack) -> None:
    """No client sends the parameter where another policy lets it in, and other queries stay as sent."""
    for path in ("/plain", "/public/a"):
        assert _query(_ask(stack, f"{path}?tenant=evil&a=1")) == [("a", "1")]
        for query in (
            "%74enant=evil",
            "TENANT=evil",
            "a=1;tenant=evil",
            "tenant[]=evil",
            "?tenant=evil",
            "z&?tenant=evil",
        ):
            assert _ask(stack, f"{path}?{query}").reason == "query_not_normal"
    assert json.loads(_ask(stack, "/plain?b&a=%20&debug").body)["path"] == "/plain?b&a=%20&debug"


def test_html(stack: Stack) -> None:
    """A page arrives whole, with its headers."""
    answer = _ask(stack, "/plain", tenant=_LONG)
    assert (answer.status, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert answer.body.decode() == f"<!doctype html><title>No</title><p>{_LONG}</p>"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


def test_page_near_the_bound(stack: Stack) -> None:
    """Envoy does not cut a body that the sidecar sends."""
    answer = _ask(stack, "/plain", tenant="suspended" + "&" * 3000)
    assert answer.body.decode().endswith("&amp;</p>")
    assert len(answer.body) > 15_000


def test_html_of_head(stack: Stack) -> None:
    """HEAD gets status and headers, and no body."""
    answer = _ask(stack, "/plain", tenant="suspended", method="HEAD")
    assert (answer.status, answer.body) == (404, b"")


def test_json(stack: Stack) -> None:
    """A body of JSON and headers arrive."""
    answer = _ask(stack, "/closed")
    assert (answer.status, json.loads(answer.body)) == (429, {"error": "closed", "who": "alice"})
    assert (answer.headers["retry-after"], answer.headers["x-who"]) == ("60", "alice")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_redirect(stack: Stack, method: str) -> None:
    """A browser without a token is sent to the login, and back to where it was."""
    answer = send(stack.envoy.port, Call(method, "/plain?a=1&b=%20", _BROWSER))
    assert (answer.status, answer.body) == (302, b"")
    place = urlsplit(answer.headers["location"])
    assert (place.scheme, place.netloc, place.path) == ("https", "login.example", "/start")
    assert parse_qs(place.query) == {"rd": ["https://app.example/plain?a=1&b=%20"]}


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("accept", "text/html"),),
        (*_BROWSER[:1], ("accept", "application/json")),
        (("host", "evil.example"), *_BROWSER[1:]),
    ],
)
def test_no_redirect(stack: Stack, headers: tuple[tuple[str, str], ...]) -> None:
    """Everybody else, and whoever names another host, gets the status."""
    answer = send(stack.envoy.port, Call("GET", "/plain", headers))
    assert (answer.status, json.loads(answer.body)) == (401, {"error": "login"})
    assert "location" not in answer.headers


def test_grpc_caller(stack: Stack) -> None:
    """A gRPC call gets trailers with a status and the usual message."""
    with httpx.Client(http1=False, http2=True, timeout=30) as client:
        headers = {"content-type": "application/grpc", "te": "trailers", "accept": "text/html", "host": "app.example"}
        answer = client.post(f"http://127.0.0.1:{stack.envoy.port}/plain", headers=headers)
    assert (answer.status_code, answer.headers["grpc-status"]) == (200, "16")
    assert "no_credential" in answer.headers["grpc-message"]


def test_metadata_in_the_access_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Envoy's access log, and so its filters, see a policy's metadata."""

    def logging(options: EnvoyOptions) -> str:
        document = json.loads(to_json(options))
        chain = document["staticResources"]["listeners"][0]["filterChains"][0]
        manager = chain["filters"][-1]["typedConfig"]
        line = "tenant=%DYNAMIC_METADATA(envoy.filters.http.ext_authz:policy_metadata:tenant)%\n"
        manager["accessLog"] = [
            {
                "name": "envoy.access_loggers.file",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
                    "path": str(log),
                    "log_format": {"text_format_source": {"inline_string": line}},
                },
            }
        ]
        return json.dumps(document)

    with tempfile.TemporaryDirectory(prefix="log-") as folder:
        log = Path(folder) / "access.log"
        monkeypatch.setattr("sidecar.demo.envoy.to_json", logging)
        with running_stack(CONFIGURATION.partition("policies:\n")[0] + _POLICIES) as one:
            assert _ask(one, "/effects", tenant='a "b"').status == 200
            assert _ask(one, "/plain").status == 200
        # Envoy writes what is left when it ends.
        assert log.read_text(encoding="utf-8").splitlines() == ['tenant=a "b"', "tenant=-"]
