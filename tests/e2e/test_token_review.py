"""Kubernetes' service accounts through the real Envoy: the API server, over TLS, is asked about each token."""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from aiohttp import web

from sidecar.demo.client import Answer, Call, send
from sidecar.demo.stack import Stack
from sidecar.demo.workspace import AUDIENCE, CONFIGURATION
from support.issuers import SECRET, FakeIssuer, running_issuer
from support.stacks import running_stack

_KEYS = "    keys:\n      file: jwks.json\n"
_PATH = "/apis/authentication.k8s.io/v1/tokenreviews"
_ORDERS = "system:serviceaccount:shop:orders"


class ApiServer:
    """Answers as the API server does: which tokens there are, whose and for which audiences."""

    def __init__(self, issuer: FakeIssuer) -> None:
        self._issuer = issuer
        self.tokens: dict[str, list[str]] = {}
        issuer.behaviour = self._review

    @property
    def questions(self) -> list[dict[str, object]]:
        """Return what was asked."""
        return [one.form for one in self._issuer.asked]

    async def _review(self, request: web.Request) -> web.StreamResponse:
        if request.path != _PATH or request.headers.get("authorization") != f"Bearer {SECRET}":
            return web.json_response({"kind": "Status", "status": "Failure", "code": 401}, status=401)
        spec = (await request.json())["spec"]
        audiences = [one for one in self.tokens.get(spec["token"], []) if one in spec["audiences"]]
        status: dict[str, object] = {"authenticated": False, "error": "token is not known"}
        if audiences:
            user = {"username": _ORDERS, "uid": "1", "groups": ["system:serviceaccounts"]}
            status = {"authenticated": True, "user": user, "audiences": audiences}
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": spec, "status": status}
        return web.json_response(review, status=201)


@pytest.fixture
def running(mode: Mapping[str, str]) -> Iterator[tuple[Stack, ApiServer]]:
    """Run an API server, and a stack that asks it with its own account's token."""
    with tempfile.TemporaryDirectory() as folder, running_issuer(Path(folder)) as issuer:
        asking = f"""\
    token_review:
      url: {issuer.url.removesuffix("/introspect")}{_PATH}
      ca_file: {folder}/ca.pem
      token: {{file: {folder}/secret.txt}}
      negative_cache_seconds: 0
"""
        with running_stack(CONFIGURATION.replace(_KEYS, asking), mode) as stack:
            yield stack, ApiServer(issuer)


def _ask(stack: Stack, token: str) -> Answer:
    return send(stack.envoy.port, Call("GET", "/orders/1", (("authorization", f"Bearer {token}"),)))


def test_service_accounts(running: tuple[Stack, ApiServer]) -> None:
    """One that is there is let in under its name, and asked about once; others are not, nor without an answer."""
    stack, server = running
    token, foreign = stack.workspace.token(), stack.workspace.token(jti="other")
    server.tokens = {token: [AUDIENCE], foreign: ["elsewhere"]}
    answers = [_ask(stack, token) for _ in range(8)]
    assert [answer.status for answer in answers] == [200] * 8
    assert dict(answers[-1].upstream_headers or ())["x-auth-subject"] == _ORDERS
    spec = {"token": token, "audiences": [AUDIENCE]}
    assert [one["spec"] for one in server.questions] == [spec]
    assert _ask(stack, foreign).reason == "token_inactive"
    gone = stack.workspace.token(jti="gone")
    assert _ask(stack, gone).reason == "token_inactive"
    server.tokens[gone] = [AUDIENCE]
    assert _ask(stack, gone).status == 200
