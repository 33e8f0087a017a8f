"""A sidecar whose keys are fetched from a provider in the test."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sidecar.core.strict_json import Json
from sidecar.demo.workspace import AUDIENCE
from sidecar.keys.signing import SigningKey, generate
from support.provider import Provider, running_provider
from support.sidecars import CONFIGURATION, Sidecar, running_sidecar

_FETCH = {"allow_private_addresses": True, "max_refresh_seconds": 3600.0}


@dataclass
class Issuer:
    """A provider with keys that sign."""

    provider: Provider
    keys: dict[str, SigningKey] = field(default_factory=dict)

    def publish(self, *names: str) -> None:
        """Publish these keys and no others; those that are new are made."""
        self.keys = {name: self.keys.get(name) or generate(name) for name in {*self.keys, *names}}
        self.provider.keys = [dict(self.keys[name].public_jwk()) for name in names]

    def token(self, sidecar: Sidecar, name: str, **claims: Json) -> str:
        """Return a good token, signed with the key of that name, published or not."""
        if name not in self.keys:
            self.keys[name] = generate(name)
        return sidecar.workspace.token(self.keys[name], iss=self.provider.issuer, **claims)

    def settings(self, **fetch: object) -> dict[str, Any]:
        """Return the entry of ``issuers``."""
        authority = {} if self.provider.authority is None else {"ca_file": self.provider.authority.file}
        keys = {"discovery": True, "fetch": {**_FETCH, **authority, **fetch}}
        return {"issuer": self.provider.issuer, "audiences": [AUDIENCE], "keys": keys}


@contextmanager
def running_issuer(folder: Path, *names: str, **fields: Any) -> Iterator[Issuer]:  # noqa: ANN401 - running_provider's
    """Run a provider that publishes these keys; its files are in a folder of their own."""
    folder.mkdir()
    with running_provider(folder, **fields) as provider:
        issuer = Issuer(provider)
        issuer.publish(*names)
        yield issuer


@contextmanager
def remote_sidecar(
    folder: Path, *issuers: dict[str, Any], environment: Mapping[str, str] | None = None
) -> Iterator[Sidecar]:
    """Run a sidecar that trusts these issuers."""
    with running_sidecar(folder, configuration(*issuers), environment) as sidecar:
        yield sidecar


def configuration(*issuers: dict[str, Any], text: str = CONFIGURATION) -> str:
    """Return a configuration with these issuers in place of its own."""
    lines = [line for line in text.splitlines() if not line.startswith("issuers:")]
    return "\n".join([*lines, f"issuers: {json.dumps(list(issuers))}", ""])
