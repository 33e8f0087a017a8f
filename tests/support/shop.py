"""The namespace of ``k8s/overlays`` in a real cluster: its ConfigMaps, a Secret with keys, tokens that these verify."""

import base64
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sidecar.core.strict_json import Json
from sidecar.keys.signing import SigningKey, generate, key_set_document
from sidecar.tokens.mint import mint
from support.manifests import FOLDER, Object, built
from support.node import Node

PINNED = Path(__file__).parents[1] / "node/pinned"
#: With a second sidecar.
PINNED_TWO = PINNED.with_name("pinned-doubled")
DOUBLED = FOLDER / "overlays/doubled"
ORDINARY = FOLDER / "overlays/sidecar"


@dataclass(frozen=True, slots=True)
class Shop:
    """``key`` is the issuer's, whose key set the pods have, and ``token`` one of its that everybody uses."""

    key: SigningKey
    token: str

    def request(self, number: int = 0) -> bytes:
        """Return a request that is to be allowed. One in a hundred has a token that nobody has seen."""
        token = _token(self.key, f"new-{number}") if number % 100 == 0 else self.token
        return f"GET /orders/{number} HTTP/1.1\r\nhost: shop\r\nauthorization: Bearer {token}\r\n\r\n".encode()


def _token(key: SigningKey, subject: str) -> str:
    now = int(time.time())
    claims: Mapping[str, Json] = {
        "iss": "https://idp.example.com",
        "aud": "orders",
        "sub": subject,
        "iat": now,
        "exp": now + 7200,
    }
    return mint(key, claims)


def opened(node: Node, check_seconds: float) -> Shop:
    """Apply what the overlays' pods name, in their namespace. Envoy gives a check that long in place of its 0.2 s."""
    key = generate()
    shop = Shop(key, _token(key, "ada"))
    for one in sorted((*built(ORDINARY), *built(PINNED)), key=lambda one: one["kind"] != "Namespace"):
        # Nobody makes pods of it here but the tests.
        if one["kind"] != "Deployment":
            answer = node.api.apply(_patient(one, check_seconds) if "envoy.yaml" in one.get("data", {}) else one)
            assert answer.is_success, answer.text
    answer = node.api.apply(_secret(shop.key))
    assert answer.is_success, answer.text
    return shop


def _patient(config: Object, seconds: float) -> Object:
    """Return Envoy's configuration with another deadline, of which each try has half, as the generator has it."""
    text = config["data"]["envoy.yaml"]
    for pattern, value in ((r"( +timeout: )0\.200s", seconds), (r"( +maxInterval: )0\.100s", seconds / 2)):
        text, count = re.subn(f"(?m)^{pattern}$", rf"\g<1>{value:.3f}s", text)
        assert count == 1
    return {**config, "data": {"envoy.yaml": text}}


def _secret(key: SigningKey) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "authz-keys", "namespace": "shop"},
        "data": {"jwks.json": base64.b64encode(key_set_document([key]).encode()).decode()},
    }
