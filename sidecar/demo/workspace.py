"""The folder a demonstration works in: a signing key, its key set, a configuration, and tokens on demand."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sidecar.core.strict_json import Json
from sidecar.keys.signing import SigningKey, generate, key_set_document
from sidecar.tokens.mint import mint

ISSUER = "https://idp.demo.example"
AUDIENCE = "orders"

CONFIGURATION = """\
# What the demonstration runs with. Every field: docs/configuration.md
listen: {listen}
servers: 2
probe:
  listen: false

issuers:
  - issuer: https://idp.demo.example
    audiences: [orders]
    keys:
      file: jwks.json

public:
  - paths: [/public/*]
    methods: [GET]

cors_preflight:
  - paths: [/orders/*]

policies:
  - name: suspended-tenants
    action: deny
    rules:
      - when:
          - key: request.auth.claims[tenant]
            values: [suspended]

  - name: read-orders
    action: allow
    rules:
      - to:
          - operation:
              methods: [GET]
              paths: [/orders/*]

  - name: write-orders
    action: allow
    scopes: ["orders:write"]
    rules:
      - to:
          - operation:
              methods: [POST]
              paths: [/orders/*]

response:
  realm: demo
  identity_headers:
    claims:
      tenant: x-auth-tenant
"""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A prepared folder. ``key`` is the issuer's; ``stranger`` has the same key id and is nobody's."""

    folder: Path
    key: SigningKey
    stranger: SigningKey

    @property
    def config(self) -> Path:
        """Return the sidecar's configuration file."""
        return self.folder / "authz.yaml"

    @property
    def socket(self) -> str:
        """Return the address the sidecar listens on unless told otherwise."""
        return f"unix:{self.folder}/authz.sock"

    def token(self, key: SigningKey | None = None, **changes: Json) -> str:
        """Mint a good token with ``changes`` to its claims; a claim changed to ``None`` is left out."""
        now = int(time.time())
        claims: Mapping[str, Json] = {
            "iss": ISSUER,
            "sub": "alice",
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + 3600,
            "scope": "orders:read",
            "tenant": "acme",
        }
        chosen = {name: value for name, value in {**claims, **changes}.items() if value is not None}
        return mint(key or self.key, chosen)


def prepare(folder: Path, configuration: str = CONFIGURATION) -> Workspace:
    """Fill ``folder`` with a key, a key set and ``configuration`` (``{listen}`` becomes the socket's address)."""
    workspace = Workspace(folder, generate(), generate())
    (folder / "jwks.json").write_text(key_set_document([workspace.key]), encoding="utf-8")
    signing = folder / "signing.jwk"
    signing.touch(mode=0o600)
    signing.write_text(json.dumps(workspace.key.private_jwk()), encoding="utf-8")
    workspace.config.write_text(configuration.replace("{listen}", workspace.socket), encoding="utf-8")
    return workspace
