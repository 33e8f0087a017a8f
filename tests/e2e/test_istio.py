"""Istio's documents as they are, through the real Envoy, and exchanged as a ConfigMap is."""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from sidecar.demo.client import Answer, Call, send
from sidecar.demo.stack import Stack
from sidecar.demo.workspace import prepare
from support.stacks import PATIENT

_CONFIGURATION = """\
listen: {listen}
servers: 2
probe: {listen: false}
istio:
  folder: istio
  namespace: shop
  labels: {app: orders}
"""
_TOKENS = """\
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: idp, namespace: shop}
spec:
  selector: {matchLabels: {app: orders}}
  jwtRules:
  - issuer: https://idp.demo.example
    jwks: 'JWKS'
    outputClaimToHeaders: [{header: X-Tenant, claim: tenant}]
"""
_POLICIES = """\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: no-admin, namespace: istio-system}
spec:
  action: DENY
  rules: [{to: [{operation: {paths: ["/admin*"]}}]}]
---
apiVersion: security.istio.io/v1beta1
kind: AuthorizationPolicy
metadata: {name: orders, namespace: shop}
spec:
  rules:
  - to: [{operation: {paths: [/open]}}]
  - from: [{source: {requestPrincipals: ["https://idp.demo.example/*"]}}]
    to: [{operation: {methods: [GET], paths: ["/orders/*"]}}]
"""


def _mount(folder: Path, name: str, policies: str) -> None:
    """Put documents where a ConfigMap has them, and exchange the link that leads there."""
    mounted = folder / "istio"
    (mounted / name).mkdir(parents=True)
    keys = (folder / "jwks.json").read_text(encoding="utf-8").strip()
    for file, text in (("tokens.yaml", _TOKENS.replace("JWKS", keys)), ("policies.yaml", policies)):
        (mounted / name / file).write_text(text, encoding="utf-8")
        if not (mounted / file).is_symlink():
            (mounted / file).symlink_to(f"..data/{file}")
    (mounted / "..data_tmp").symlink_to(name)
    (mounted / "..data_tmp").replace(mounted / "..data")


@pytest.fixture(scope="module")
def stack(mode: Mapping[str, str]) -> Iterator[Stack]:
    """Run a stack that is configured by documents of Istio's alone."""
    with tempfile.TemporaryDirectory(prefix="e2e-") as folder:
        workspace = prepare(Path(folder), _CONFIGURATION)
        _mount(workspace.folder, "..1", _POLICIES)
        with Stack(workspace, mode, timeout_seconds=PATIENT) as one:
            yield one


def _ask(stack: Stack, path: str, token: str | None = None, method: str = "GET") -> Answer:
    headers = [] if token is None else [("authorization", f"Bearer {token}")]
    return send(stack.envoy.port, Call(method, path, headers))


def test_what_istio_decides(stack: Stack) -> None:
    """A token is needed where a policy asks for somebody, and one that is shown is good everywhere."""
    good, bad = stack.workspace.token(aud=None), stack.workspace.token(stack.workspace.stranger)
    for _ in range(3):
        assert _ask(stack, "/open").status == 200
        assert _ask(stack, "/open", bad).status == 401
        assert _ask(stack, "/open", stack.workspace.token(iss="https://evil.example")).reason == "unknown_issuer"
        assert _ask(stack, "/orders/1").reason == "no_policy_allows"
        assert _ask(stack, "/orders/1", good).status == 200
        assert _ask(stack, "/orders/1", good, "DELETE").reason == "no_policy_allows"
        assert _ask(stack, "/administration", good).reason == "denied_by_policy"
        assert _ask(stack, "/admin").reason == "denied_by_policy"


def test_what_the_upstream_sees(stack: Stack) -> None:
    """The claim that is asked for, and not the token."""
    seen = dict(_ask(stack, "/orders/1", stack.workspace.token()).upstream_headers or ())
    assert seen["x-tenant"] == "acme"
    assert "authorization" not in seen
    nobody = send(stack.envoy.port, Call("GET", "/open", [("x-tenant", "forged")]))
    assert "x-tenant" not in dict(nobody.upstream_headers or ())


def test_documents_are_exchanged(stack: Stack) -> None:
    """What the link leads to is taken as a whole, and what is wrong in it leaves the old in force."""
    folder, sidecar = stack.workspace.folder, stack.sidecar
    _mount(folder, "..2", _POLICIES.replace("/open", "/opened"))
    sidecar.wait_for(lambda: _ask(stack, "/opened").status == 200, "the exchange")
    assert _ask(stack, "/open").reason == "no_policy_allows"
    _mount(folder, "..3", _POLICIES.replace("DENY", "DENIED").replace("/open", "/wide"))
    sidecar.wait_for(lambda: "spec.action: found 'DENIED'" in sidecar.printed(), "the refusal")
    assert _ask(stack, "/wide").reason == "no_policy_allows"
    assert _ask(stack, "/admin").reason == "denied_by_policy"
    assert _ask(stack, "/opened").status == 200
    _mount(folder, "..4", _POLICIES)
    sidecar.wait_for(lambda: _ask(stack, "/open").status == 200, "the correction")


def test_what_is_said_at_start(stack: Stack) -> None:
    """The log says what the documents mean."""
    log = stack.sidecar.printed()
    assert "istio: for this workload (namespace shop, labels app=orders): " in log
    assert "istio: a request without a token passes RequestAuthentication" in log
