"""Files of the feed's keys that do not do when control begins."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.core.revocation import Kind, Name
from sidecar.demo.workspace import ISSUER as DEMO_ISSUER
from sidecar.keys.signing import generate
from sidecar.revocation.entry import Entry
from sidecar.revocation.message import sign
from sidecar.runtime.control.feed_files import FeedFileError
from support.processes import eventually
from support.redis_servers import running_redis
from support.revocations import Node, feed_condition, until
from support.revoking import Admin, configuration, feed_keys, feed_lines, readiness, reasons
from support.sidecars import running_sidecar
from support.tokens import ISSUER

BROKEN = [None, "", '{"keys": [', '{"keys": []}']


@pytest.fixture
def node() -> Iterator[Node]:
    """Return a node."""
    made = Node()
    yield made
    made.shared.close()


def write(file: Path, text: str | None) -> None:
    file.unlink()
    if text is not None:
        file.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.parametrize("name", ["feed.json", "feed.jwk"])
def test_first_start(tmp_path: Path, node: Node, name: str, text: str | None) -> None:
    """It is a mistake in the configuration, and is told as that."""
    feed_keys(tmp_path)
    write(tmp_path / name, text)
    feed = {"redis": "redis://127.0.0.1:1/0", "keys_file": "feed.json", "signing_key_file": "feed.jwk"}

    async def test() -> None:
        with pytest.raises(FeedFileError, match=name):
            async with node.control(tmp_path, {"feed": feed}):
                pass

    asyncio.run(test())


@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.parametrize("policy", ["keep", "deny"])
def test_taking_over(tmp_path: Path, node: Node, policy: str, text: str | None) -> None:
    """It is waited for and told, nothing is read or vouched for, and then all that was revoked meanwhile counts."""
    key = feed_keys(tmp_path)

    async def test() -> None:
        with running_redis(tmp_path) as redis:
            feed = {"redis": redis.url, "keys_file": "feed.json", "loss_seconds": 2}
            settings = {"on_feed_loss": policy, "feed": feed}
            async with node.control(tmp_path, settings):
                await until(node.lets_in)
            redis.add(sign([Entry(Name(ISSUER, Kind.JTI, "a"), None, time.time() + 3600)], key))
            good = (tmp_path / "feed.json").read_text(encoding="utf-8")
            write(tmp_path / "feed.json", text)
            async with node.control(tmp_path, settings, takes_over=True) as control:
                await until(lambda: "cannot be used" in feed_condition(control)[1])
                if policy == "deny":
                    await until(lambda: not node.lets_in())
                assert control.state.facts().feed_lag is None
                assert not node.knows("a")
                (tmp_path / "feed.json").write_text(good, encoding="utf-8")
                await until(lambda: node.knows("a"))
                await until(lambda: feed_condition(control) == (True, ""))
                assert node.lets_in()

    asyncio.run(test())


@pytest.mark.parametrize("text", BROKEN)
def test_becomes_bad(tmp_path: Path, node: Node, text: str | None) -> None:
    """Who could revoke still can, for nobody is let in by that; and it is told until the file is good again."""
    key = feed_keys(tmp_path)

    async def test() -> None:
        with running_redis(tmp_path) as redis:
            settings = {"on_feed_loss": "deny", "feed": {"redis": redis.url, "keys_file": "feed.json"}}
            async with node.control(tmp_path, settings) as control:
                await until(node.lets_in)
                good = (tmp_path / "feed.json").read_text(encoding="utf-8")
                write(tmp_path / "feed.json", text)
                redis.add(sign([Entry(Name(ISSUER, Kind.JTI, "a"), None, time.time() + 3600)], key))
                await until(lambda: node.knows("a"))
                assert feed_condition(control)[0]
                assert "feed.json: " in feed_condition(control)[1]
                assert "the keys that were read last stay" in feed_condition(control)[1]
                assert node.lets_in()
                (tmp_path / "feed.json").write_text(good, encoding="utf-8")
                await until(lambda: feed_condition(control) == (True, ""))

    asyncio.run(test())


def test_control_is_killed_while_a_secret_is_exchanged(short_folder: Path) -> None:
    """The next control process lives on, says what is wrong, and works when the files are there; no check is denied."""
    feed_keys(short_folder)
    with running_redis(short_folder) as redis:
        text = configuration(short_folder, *feed_lines(redis.url))
        with running_sidecar(short_folder, text) as sidecar:
            assert eventually(sidecar.is_ready), sidecar.printed()
            for name in ("feed.json", "feed.jwk"):
                (short_folder / name).unlink()
            sidecar.kill("control")
            assert eventually(lambda: "cannot be used" in readiness(sidecar))
            assert reasons(sidecar, sidecar.workspace.token(jti="t-1")) == {"allowed"}
            feed_keys(short_folder, generate("feed-2"))
            assert eventually(lambda: "[+]revocation-feed ok\n" in readiness(sidecar))
            assert Admin(short_folder).post({"issuer": DEMO_ISSUER, "jti": "t-1"})[0] == 201
            assert reasons(sidecar, sidecar.workspace.token(jti="t-1")) == {"token_revoked"}
