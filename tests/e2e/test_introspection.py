"""Opaque tokens through the real Envoy, the sidecar's processes and a real issuer over TLS."""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from sidecar.demo.client import Answer, Call, send
from sidecar.demo.stack import Stack
from sidecar.demo.workspace import CONFIGURATION
from support.issuers import FakeIssuer, running_issuer, says, yes
from support.stacks import running_stack

_KEYS = "    keys:\n      file: jwks.json\n"


@pytest.fixture
def running(mode: Mapping[str, str]) -> Iterator[tuple[Stack, FakeIssuer]]:
    """Run an issuer, and a stack that asks it."""
    with tempfile.TemporaryDirectory() as folder, running_issuer(Path(folder)) as issuer:
        asking = f"""\
    introspection:
      url: {issuer.url}
      client_id: sidecar
      client_secret: {{file: {folder}/secret.txt}}
      ca_file: {folder}/ca.pem
      allow_private_addresses: true
      negative_cache_seconds: 0
"""
        with running_stack(CONFIGURATION.replace(_KEYS, asking), mode) as stack:
            yield stack, issuer


def _ask(stack: Stack, token: str) -> Answer:
    return send(stack.envoy.port, Call("GET", "/orders/1", (("authorization", f"Bearer {token}"),)))


def test_asked_once_and_remembered(running: tuple[Stack, FakeIssuer]) -> None:
    """A token is asked about once for all servers; one that is not active, or with no answer, is denied."""
    stack, issuer = running
    issuer.behaviour = yes(iss="https://idp.demo.example", tenant="acme")
    answers = [_ask(stack, "opaque.1") for _ in range(12)]
    assert [answer.status for answer in answers] == [200] * 12
    assert dict(answers[-1].upstream_headers or ())["x-auth-subject"] == "alice"
    assert dict(answers[-1].upstream_headers or ())["x-auth-tenant"] == "acme"
    assert len(issuer.asked) == 1
    issuer.behaviour = says({"active": False})
    assert _ask(stack, "opaque.2").reason == "token_inactive"
    issuer.behaviour = says({"active": "true"})
    assert _ask(stack, "opaque.2").reason == "introspection_unavailable"
    issuer.behaviour = says({}, 500)
    answer = _ask(stack, "opaque.2")
    assert (answer.status, answer.reason) == (503, "introspection_unavailable")
    assert _ask(stack, "opaque.1").status == 200
