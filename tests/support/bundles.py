"""Policy bundles: signed here, published by the provider over HTTPS, and taken by a sidecar."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sidecar.bundle.message import sign
from sidecar.core.strict_json import Json
from sidecar.keys.signing import SigningKey, generate
from support.provider import Provider, running_provider

PATH, NAME = "/bundle.jws", "orders"
ISSUED = 1_750_000_000


def allow(*paths: str, name: str = "bundled", action: str = "allow") -> dict[str, Json]:
    """Return policies of which one is about ``paths``."""
    rule: Json = {"to": [{"operation": {"paths": list(paths)}}]}
    return {"policies": [{"name": name, "action": action, "rules": [rule]}]}


def content(version: int, policies: Json, /, **changes: Json) -> dict[str, Json]:
    """Return a payload with ``changes``; what is ``None`` is left out."""
    members: dict[str, Json] = {"bundle": NAME, "version": version, "issued_at": ISSUED, "policies": policies}
    return {name: value for name, value in {**members, **changes}.items() if value is not None}


@dataclass
class Publisher:
    """Signs bundles, and publishes them at ``PATH``."""

    provider: Provider
    folder: Path
    key: SigningKey = field(default_factory=lambda: generate("signer"))

    def publish(self, version: int, policies: Json, key: SigningKey | None = None, /, **changes: Json) -> bytes:
        """Publish a bundle."""
        compact = sign(content(version, policies, **changes), key or self.key)
        self.provider.documents[PATH] = compact
        return compact

    def serve(self, data: bytes) -> None:
        """Publish anything else in its place."""
        self.provider.documents[PATH] = data

    @property
    def asked(self) -> int:
        """Return how often it was asked for."""
        return self.provider.asked(PATH)

    def settings(self, **changes: object) -> dict[str, Any]:
        """Return ``policy_bundle`` of a configuration."""
        authority = {} if self.provider.authority is None else {"ca_file": str(self.provider.authority.file)}
        return {
            "url": self.provider.origin + PATH,
            "name": NAME,
            "public_keys": [self.key.public_jwk()],
            "allow_private_addresses": True,
            "refresh_seconds": 1.0,
            **authority,
            **changes,
        }

    def added_to(self, text: str, **changes: object) -> str:
        """Return a configuration with the bundle."""
        return f"{text}policy_bundle: {json.dumps(self.settings(**changes))}\n"


@contextmanager
def running_publisher(folder: Path) -> Iterator[Publisher]:
    """Run a server for bundles; its files are in a folder of their own."""
    folder.mkdir()
    with running_provider(folder) as provider:
        yield Publisher(provider, folder)
