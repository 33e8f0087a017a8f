"""Sidecars that revoke: their configuration, and their administration."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecar.demo.workspace import AUDIENCE, ISSUER
from sidecar.http.unix_client import UnixConnection
from sidecar.keys.signing import SigningKey, generate, key_set_document
from support.sidecars import Sidecar

#: ``{revocation}`` is the section's lines; the issuer's tokens live an hour at the most.
CONFIGURATION = f"""\
listen: {{listen}}
servers: 2
verification_workers: 0
probe: {{listen: "127.0.0.1:0"}}
admin: {{listen: "unix:{{folder}}/admin.sock"}}
shutdown_grace_seconds: 4
shared_memory_size: 1MiB
issuers:
  - issuer: "{ISSUER}"
    audiences: [{AUDIENCE}]
    keys: {{file: jwks.json}}
    max_lifetime_seconds: 3600
    required_claims: [sub, iat]
policies: [{{name: all, action: allow, rules: [{{}}]}}]
revocation:
{{revocation}}
"""


def configuration(folder: Path, *lines: str) -> str:
    """Return a configuration with these lines in its section."""
    text = "".join(f"  {line}\n" for line in lines)
    return CONFIGURATION.replace("{folder}", str(folder)).replace("{revocation}", text)


def feed_lines(url: str, **others: Any) -> tuple[str, ...]:  # noqa: ANN401 - any field of the feed
    """Return a section with a feed that can be written to."""
    fields = {"redis": url, "keys_file": "feed.json", "signing_key_file": "feed.jwk"} | others
    return "admin_api: true", f"feed: {json.dumps(fields)}"


def feed_keys(folder: Path, key: SigningKey | None = None) -> SigningKey:
    """Write the feed's keys, and return the one that signs."""
    made = key or generate("feed-1")
    (folder / "feed.json").write_text(key_set_document([made]), encoding="utf-8")
    (folder / "feed.jwk").write_text(json.dumps(made.private_jwk()), encoding="utf-8")
    return made


@dataclass(frozen=True)
class Admin:
    """The administration of a sidecar in ``folder``."""

    folder: Path

    def post(self, entry: object, raw: bytes | None = None) -> tuple[int, str]:
        """Revoke; return status and body."""
        return self.call("POST", json.dumps(entry).encode() if raw is None else raw)

    def counts(self) -> dict[str, Any]:
        """Return what GET says."""
        status, body = self.call("GET")
        assert status == 200
        found: dict[str, Any] = json.loads(body)
        return found

    def call(self, method: str, body: bytes = b"", path: str = "/revocations") -> tuple[int, str]:
        """Call ``/revocations``, or another page."""
        connection = UnixConnection(str(self.folder / "admin.sock"), 30)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


def readiness(sidecar: Sidecar) -> str:
    """Return what ``/readyz`` says in detail; nothing where it does not answer."""
    try:
        return sidecar.get("/readyz?verbose")[1]
    except OSError:
        return ""


def reasons(sidecar: Sidecar, token: str) -> set[str]:
    """Return what all servers say of a token."""
    return {sidecar.check(address, token).reason for address in sidecar.addresses}
