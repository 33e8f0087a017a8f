"""Tokens that are bound to a client certificate, through a real Envoy that ends TLS."""

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from sidecar.demo import envoy as demo
from sidecar.demo.stack import Stack
from sidecar.demo.workspace import CONFIGURATION
from sidecar.envoy_config.bootstrap import to_json
from sidecar.envoy_config.options import EnvoyOptions
from support.certificates import Authority, Files
from support.proofs import encoded
from support.stacks import running_stack

_KEYS = "    keys:\n      file: jwks.json\n"
_BOUND = "    bound_tokens: {mtls: true}\n"


@dataclass(frozen=True)
class Secured:
    """A stack whose Envoy ends TLS, and the certificates of two clients."""

    stack: Stack
    authority: Authority
    clients: dict[str, Files]

    def ask(self, token: str, client: str | None) -> str:
        """Ask as a client, and return ``200`` or the reason of a denial."""
        context = ssl.create_default_context(cafile=self.authority.file)
        if client is not None:
            context.load_cert_chain(self.clients[client].certificate, self.clients[client].key)
        connection = http.client.HTTPSConnection("127.0.0.1", self.stack.envoy.port, timeout=20, context=context)
        try:
            connection.request("GET", "/orders/1", headers={"authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            body = json.loads(answer.read())
        finally:
            connection.close()
        return str(body.get("reason", answer.status))


@pytest.fixture
def secured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: Mapping[str, str]) -> Iterator[Secured]:
    """Run it: the generated bootstrap, with TLS added to its listener, as an operator adds it."""
    authority = Authority(tmp_path, "ca")
    server = authority.sign("server")
    generate = to_json

    def with_tls(options: EnvoyOptions) -> str:
        bootstrap: dict[str, Any] = json.loads(generate(options))
        chain = bootstrap["staticResources"]["listeners"][0]["filterChains"][0]
        files = {"certificateChain": {"filename": server.certificate}, "privateKey": {"filename": server.key}}
        chain["transportSocket"] = {
            "name": "envoy.transport_sockets.tls",
            "typedConfig": {
                "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
                "commonTlsContext": {
                    "tlsCertificates": [files],
                    "validationContext": {"trustedCa": {"filename": authority.file}},
                },
            },
        }
        return json.dumps(bootstrap)

    monkeypatch.setattr(demo, "to_json", with_tls)
    with running_stack(CONFIGURATION.replace(_KEYS, _KEYS + _BOUND), mode) as stack:
        yield Secured(stack, authority, {name: authority.sign(name) for name in ("alice", "mallory")})


def test_bound_to_a_certificate(secured: Secured) -> None:
    """A token is good on connections with its own certificate alone, time and again."""
    pem = Path(secured.clients["alice"].certificate).read_bytes()
    digest = sha256(x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)).digest()
    token = secured.stack.workspace.token(cnf={"x5t#S256": encoded(digest)})
    for _ in range(3):
        assert secured.ask(token, "alice") == "200"
        assert secured.ask(token, "mallory") == "proof_required"
        assert secured.ask(token, None) == "proof_required"
    assert secured.ask(secured.stack.workspace.token(), None) == "200"
