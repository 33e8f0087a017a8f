"""A sidecar with everything switched on, under a load of every kind of check, and all that happens to one."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecar.core.revocation import Kind, Name
from sidecar.demo.workspace import AUDIENCE, ISSUER
from sidecar.keys.signing import SigningKey
from sidecar.revocation.entry import Entry
from sidecar.revocation.message import sign
from support import faults
from support.asserting import ASSERTION, first_key
from support.bundles import allow, running_publisher
from support.issuers import FakeIssuer, yes
from support.issuers import running_issuer as running_introspection
from support.processes import eventually
from support.redis_servers import STREAM, RedisServer, running_redis
from support.remote import Issuer
from support.remote import running_issuer as running_keys
from support.requests import check_request, with_token
from support.revoking import Admin, feed_keys, feed_lines
from support.sidecars import Sidecar, running_sidecar

OPAQUE = "https://opaque.example"
_HOOKS = """
import asyncio
from sidecar.hooks import *

@hook(reads_headers=["x-mode"], timeout=2)
async def asked(request, identity):
    mode = request.headers.get("x-mode")
    if mode == "slow": await asyncio.sleep(0.08)
    if mode == "deny": return deny("because")
    if mode == "fail": raise ValueError

@hook(reads_headers=["x-mode"], cpu_bound=True, timeout=5)
def calculates(request, identity):
    sum(range(1000))

@hook(cache=["method"], ttl=60)
def kept(request, identity):
    pass
"""
_CONFIGURATION = """\
listen: {listen}
servers: 2
verification_workers: 1
batch_size_threshold: 1
probe: {listen: "127.0.0.1:0"}
admin: {listen: "unix:FOLDER/admin.sock"}
shutdown_grace_seconds: 4
decision_log: {file: "FOLDER/decisions.jsonl"}
shared_memory_size: 1MiB
issuers: ISSUERS
public: [{paths: [/public]}]
policies:
  - {name: closed, action: deny, rules: [{to: [{operation: {paths: [/closed]}}]}]}
  - {name: some, action: allow, rules: [{to: [{operation: {paths: [/a, /hooked]}}]}]}
  - {name: scoped, action: allow, scopes: [admin], rules: [{to: [{operation: {paths: [/scoped]}}]}]}
hook_folder: .
hooks:
  - {call: "of_scene:asked", on: [{paths: [/hooked]}]}
  - {call: "of_scene:calculates", on: [{paths: [/hooked]}]}
  - "of_scene:kept"
"""


@dataclass
class Scene:
    """The sidecar, and what it asks. ``away`` never answers."""

    sidecar: Sidecar
    keys: Issuer
    away: Issuer
    redis: RedisServer
    revoker: SigningKey

    def revoke(self) -> None:
        """Revoke the token of which one comes in each round."""
        status, text = Admin(self.sidecar.workspace.folder).post({"issuer": ISSUER, "jti": "revoked"})
        assert status == 201, text

    def forge(self) -> None:
        """Write a message into the stream that nobody signed."""
        self.redis.add(b"nonsense")

    @property
    def forged(self) -> float:
        """Return how many messages were refused that nobody signed."""
        return self.sidecar.metric('authz_revocation_entries_total{result="forged",source="feed"}')

    def lose_entries(self) -> None:
        """Have entries trimmed between two looks."""
        pipeline = self.redis.client.pipeline(transaction=True)
        for jti in ("lost", "read"):
            entry = Entry(Name(ISSUER, Kind.JTI, jti), None, time.time() + 3600)
            pipeline.xadd(STREAM, {"jws": sign([entry], self.revoker)})
        pipeline.xtrim(STREAM, maxlen=1, approximate=False)
        pipeline.execute()

    def rotate(self) -> None:
        """Have the issuer publish another key as well; a token that names it comes in each round."""
        self.keys.publish("first", "second")

    def kill(self, name: str) -> None:
        """Kill a process, and wait until another has taken its place."""
        before = self.sidecar.kill(name)
        assert eventually(lambda: self._replaced(name, before)), self.sidecar.printed()

    def configure(self, change: Callable[[str], str]) -> None:
        """Change the configuration, and have it read."""
        config = self.sidecar.workspace.config
        config.write_text(change(config.read_text(encoding="utf-8")), encoding="utf-8")
        self.sidecar.process.signal(signal.SIGHUP)

    def round(self, number: int) -> Iterator[bytes]:
        """Give one request of each kind."""
        mint, fresh = self.sidecar.workspace.token, f"{number}-{time.monotonic_ns()}"
        yield with_token(mint(), path="/a")
        yield with_token(mint(jti=fresh), path="/a")
        yield with_token(mint(jti="revoked"), path="/a")
        yield with_token(mint(exp=1), path="/a")
        yield with_token(mint(aud="another"), path="/a")
        yield with_token(mint(iss="https://nobody.example"), path="/a")
        yield with_token(mint(self.sidecar.workspace.stranger, jti=fresh), path="/a", peer="203.0.113.7")
        yield with_token(mint(), path="/closed")
        yield with_token(mint(), path="/nowhere")
        yield with_token(mint(), path="/bundled")
        yield with_token(mint(), path="/scoped")
        yield with_token(mint(), path="/a/../b")
        yield with_token(self.keys.token(self.sidecar, "first", jti=fresh), path="/a")
        yield with_token(self.keys.token(self.sidecar, "second"), path="/a")
        yield with_token(self.away.token(self.sidecar, "away"), path="/a", peer="203.0.113.8")
        yield with_token(f"opaque.{number % 7}", path="/a")
        for mode in ("", "slow", "deny", "fail"):
            yield with_token(mint(), path="/hooked", headers={"x-mode": mode})
        yield check_request(path="/a")
        yield check_request(path="/public")

    def _replaced(self, name: str, before: int) -> bool:
        try:
            return self.sidecar.pid(name) != before and self.sidecar.is_ready()
        except ProcessLookupError:
            return False


@contextmanager
def running_scene(folder: Path) -> Iterator[Scene]:
    """Run all of it until the context closes."""
    with ExitStack() as things:
        enter = things.enter_context
        keys, away = enter(running_keys(folder / "issuer", "first")), enter(running_keys(folder / "away", "away"))
        away.provider.faults[""] = faults.hang_up
        opaque = enter(running_introspection(folder))
        publisher = enter(running_publisher(folder / "bundles"))
        publisher.publish(1, allow("/bundled"), expires_at=int(time.time()) + 3600)
        redis, revoker = enter(running_redis(folder)), feed_keys(folder)
        opaque.behaviour = yes(iss=OPAQUE)
        (folder / "of_scene.py").write_text(_HOOKS, encoding="utf-8")
        text = _configuration(folder, (_file_issuer(), keys.settings(), away.settings(), _asking(opaque)))
        text = publisher.added_to(text) + "".join(["revocation:\n", *(f"  {line}\n" for line in feed_lines(redis.url))])
        sidecar = enter(running_sidecar(folder, text + ASSERTION, before=first_key))
        assert eventually(sidecar.is_ready), sidecar.printed()
        yield Scene(sidecar, keys, away, redis, revoker)


def _configuration(folder: Path, issuers: tuple[dict[str, Any], ...]) -> str:
    return _CONFIGURATION.replace("FOLDER", str(folder)).replace("ISSUERS", json.dumps(issuers))


def _file_issuer() -> dict[str, Any]:
    bounded = {"max_lifetime_seconds": 3600, "required_claims": ["sub", "iat"]}
    return {"issuer": ISSUER, "audiences": [AUDIENCE], "keys": {"file": "jwks.json"}, **bounded}


def _asking(opaque: FakeIssuer) -> dict[str, Any]:
    introspection = {
        "url": opaque.url,
        "client_id": "sidecar",
        "client_secret": {"file": "secret.txt"},
        "ca_file": "ca.pem",
        "allow_private_addresses": True,
        "max_cache_seconds": 1,
    }
    return {"issuer": OPAQUE, "audiences": [AUDIENCE], "introspection": introspection}
