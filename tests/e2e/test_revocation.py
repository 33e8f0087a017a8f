"""Two sidecars behind an Envoy each, and one Redis: what is posted to one is refused by both."""

import http.client
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from sidecar.cli.main import cli
from sidecar.core.revocation import Kind, Name
from sidecar.core.strict_json import Json
from sidecar.demo.stack import Stack
from sidecar.demo.workspace import ISSUER, Workspace, prepare
from sidecar.keys.signing import SigningKey, generate, key_set_document
from sidecar.revocation.entry import Entry
from sidecar.revocation.message import sign
from support.processes import eventually
from support.redis_servers import STREAM, RedisServer, running_redis
from support.revoking import Admin, configuration, feed_keys, feed_lines, readiness
from support.sidecars import Sidecar
from support.stacks import PATIENT


@dataclass
class Side:
    """One sidecar with its Envoy."""

    stack: Stack

    @property
    def sidecar(self) -> Sidecar:
        """Return the sidecar."""
        return Sidecar(self.stack.workspace, self.stack.sidecar)

    @property
    def admin(self) -> Admin:
        """Return its administration."""
        return Admin(self.stack.workspace.folder)

    def status(self, token: str) -> int:
        """Ask for something with a token, through Envoy."""
        return ask(self.stack.envoy.port, token)

    def lose_control(self) -> None:
        """Kill the control process, where it is one of its own."""
        if self.sidecar.pids():
            self.sidecar.kill("control")

    def reason(self, token: str) -> str:
        """Ask a server itself."""
        return self.sidecar.check(self.sidecar.addresses[0], token).reason


def ask(port: int, token: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/orders/1", headers={"authorization": f"Bearer {token}"})
        return connection.getresponse().status
    finally:
        connection.close()


class Cluster:
    """Sidecars that share an issuer, a feed's key and a Redis."""

    def __init__(self, redis: RedisServer, open_things: ExitStack, environment: Mapping[str, str]) -> None:
        self.redis, self._open, self._environment = redis, open_things, environment
        self.key: SigningKey = generate("feed-1")
        self._first: Workspace | None = None

    def side(self, *lines: str, ready: bool = True) -> Side:
        """Start another one."""
        folder = Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="e2e-")))
        feed_keys(folder, self.key)
        workspace = prepare(folder, configuration(folder, *feed_lines(self.redis.url), *lines))
        if self._first is not None:
            (folder / "jwks.json").write_bytes((self._first.folder / "jwks.json").read_bytes())
        self._first = self._first or workspace
        stack = self._open.enter_context(Stack(workspace, self._environment, timeout_seconds=PATIENT))
        side = Side(stack)
        assert not ready or eventually(side.sidecar.is_ready), side.sidecar.printed()
        return side

    def token(self, **claims: Json) -> str:
        """Mint a token."""
        assert self._first is not None
        return self._first.token(None, **claims)


@pytest.fixture
def cluster(tmp_path: Path, mode: Mapping[str, str]) -> Iterator[Cluster]:
    """Return a cluster of none, with a Redis."""
    with running_redis(tmp_path) as redis, ExitStack() as things:
        yield Cluster(redis, things, mode)


def entry(**members: object) -> dict[str, object]:
    return {"issuer": ISSUER, **members}


def test_posted_to_one_and_refused_by_both(cluster: Cluster) -> None:
    """Once it is posted the one refuses at once and the other soon; a third that starts then refuses from the start."""
    one, other = cluster.side(), cluster.side()
    token, good = cluster.token(jti="t-1"), cluster.token(jti="t-2")
    assert [side.status(known) for side in (one, other) for known in (token, good)] == [200] * 4
    status, body = one.admin.post(entry(jti="t-1"))
    assert status == 201, body
    assert '"published": true' in body
    assert one.status(token) == 401
    assert eventually(lambda: other.status(token) == 401)
    assert (one.status(good), other.status(good)) == (200, 200)
    third = cluster.side()
    assert third.status(token) == 401
    assert third.status(good) == 200


def test_redis_is_lost_and_comes_back_empty(cluster: Cluster) -> None:
    """While Redis is gone what is known holds, and is visible; what is posted is said not to have reached the others.

    A Redis that is empty, or emptied, revokes nothing back, and what is posted then reaches everybody.
    """
    one, other = cluster.side(), cluster.side()
    tokens = [cluster.token(jti=f"t-{number}") for number in range(4)]
    assert one.admin.post(entry(jti="t-0"))[0] == 201
    assert eventually(lambda: other.status(tokens[0]) == 401)
    cluster.redis.client.flushall()
    cluster.redis.stop()
    assert eventually(lambda: other.sidecar.metric("authz_revocation_feed_connected") == 0)
    assert eventually(lambda: "revocation-feed ok: ConnectionError" in readiness(other.sidecar))
    assert other.sidecar.is_ready()
    assert [side.status(tokens[0]) for side in (one, other)] == [401, 401]
    assert [side.status(tokens[1]) for side in (one, other)] == [200, 200]
    status, text = one.admin.post(entry(jti="t-1"))
    assert (status, "revoked here, and nowhere else" in text) == (503, True)
    assert (one.status(tokens[1]), other.status(tokens[1])) == (401, 200)
    other.lose_control()
    assert [other.status(token) for token in tokens[:2]] == [401, 200]
    cluster.redis.start()
    assert eventually(lambda: _posted(one.admin, entry(jti="t-2")))
    assert eventually(lambda: other.status(tokens[2]) == 401)
    assert [other.status(token) for token in (tokens[0], tokens[1], tokens[3])] == [401, 200, 200]


def _posted(admin: Admin, one: object) -> bool:
    return admin.post(one)[0] == 201


def test_feed_is_lost_and_that_denies(cluster: Cluster) -> None:
    """With ``on_feed_loss: deny`` nobody is let in while revocations may be missing."""
    side = cluster.side("on_feed_loss: deny")
    token, bad = cluster.token(jti="t-1"), cluster.token(jti="t-2")
    assert side.admin.post(entry(jti="t-2"))[0] == 201
    assert side.status(token) == 200
    cluster.redis.freeze()
    assert eventually(lambda: side.status(token) == 503, 60)
    assert side.reason(token) == "revocation_unknown"
    assert side.status(bad) == 401
    assert not side.sidecar.is_ready()
    cluster.redis.thaw()
    assert eventually(lambda: side.status(token) == 200)
    assert eventually(side.sidecar.is_ready)


@pytest.mark.parametrize("policy", ["keep", "deny"])
def test_without_redis_nobody_begins(cluster: Cluster, policy: str) -> None:
    """A sidecar that never read the feed is not ready, and lets nobody in; it is and does as soon as it has."""
    cluster.redis.stop()
    side = cluster.side(f"on_feed_loss: {policy}", ready=False)
    token = cluster.token()
    assert side.status(token) == 503
    assert eventually(lambda: "[-]revocation-feed failed: ConnectionError" in readiness(side.sidecar))
    cluster.redis.start()
    assert eventually(lambda: side.status(token) == 200)
    assert eventually(side.sidecar.is_ready)


def test_forged_and_replayed(cluster: Cluster) -> None:
    """Whoever can write to Redis and has no key locks nobody out; who sends a message again changes nothing."""
    side = cluster.side()
    token, bad = cluster.token(jti="t-1"), cluster.token(jti="t-2")
    lockout = [Entry(Name(ISSUER, Kind.SUBJECT, "alice"), expires_at=4e9)]
    cluster.redis.add(sign(lockout, generate("feed-1")))
    cluster.redis.add(b"nonsense")
    cluster.redis.client.xadd(STREAM, {"other": "field"})
    assert side.admin.post(entry(jti="t-2"))[0] == 201
    (message,) = [
        fields[b"jws"] for _, fields in cluster.redis.client.xrange(STREAM) if len(fields.get(b"jws", b"")) > 200
    ][-1:]
    for _ in range(3):
        cluster.redis.add(message)
    assert eventually(lambda: _metric(side, "stored") == 4)
    assert _metric(side, "forged") == 3
    assert (side.status(token), side.status(bad)) == (200, 401)
    assert side.admin.counts()["entries"] == 1


def test_signer_whose_key_comes_later(cluster: Cluster) -> None:
    """What a new signer revoked before the file of signers had its key counts as soon as it has."""
    side = cluster.side()
    token, later = side.stack.workspace.token(jti="early"), generate("feed-2")
    assert side.status(token) == 200
    cluster.redis.add(sign([Entry(Name(ISSUER, Kind.JTI, "early"))], later))
    assert eventually(lambda: _metric(side, "forged") == 1)
    assert side.status(token) == 200
    keys = side.stack.workspace.folder / "feed.json"
    keys.write_text(key_set_document([cluster.key, later]), encoding="utf-8")
    assert eventually(lambda: side.status(token) == 401)


def _metric(side: Side, result: str) -> float:
    return side.sidecar.metric(f'authz_revocation_entries_total{{result="{result}",source="feed"}}')


def test_command(cluster: Cluster) -> None:
    """``authz-sidecar revoke`` logs a user out everywhere, and says what is wrong with what it was given."""
    one, other = cluster.side(), cluster.side()
    token = cluster.token()
    config = str(one.stack.workspace.config)

    def revoke(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli, ["revoke", "--config", config, "--issuer", ISSUER, *arguments])
        return done.exit_code, done.output

    assert one.status(token) == other.status(token) == 200
    code, text = revoke("--sub", "alice", "--issued-before", str(2**31))
    assert (code, "ahead" in text) == (2, True)
    assert revoke("--issued-before", "yesterday")[0] == 2
    assert revoke()[0] == 2
    code, text = revoke("--sub", "alice")
    assert (code, '"published": true' in text) == (0, True)
    assert one.status(token) == 401
    assert eventually(lambda: other.status(token) == 401)
    assert one.status(cluster.token(sub="bob")) == 200
