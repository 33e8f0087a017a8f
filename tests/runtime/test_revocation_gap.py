"""Entries of the feed that were trimmed before they were read, as control meets them."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.core.revocation import Kind, Name
from sidecar.keys.signing import SigningKey
from sidecar.revocation.entry import Entry
from sidecar.revocation.message import sign
from sidecar.runtime.control.revocations import Revocations
from support.redis_servers import STREAM, RedisServer, running_redis
from support.revocations import Node, feed_condition, until
from support.revoking import feed_keys
from support.tokens import ISSUER


@pytest.fixture
def node() -> Iterator[Node]:
    """Return a node."""
    made = Node()
    yield made
    made.shared.close()


def message(key: SigningKey, jti: str) -> bytes:
    return sign([Entry(Name(ISSUER, Kind.JTI, jti), None, time.time() + 3600)], key)


async def lose_some(redis: RedisServer, control: Revocations, node: Node, key: SigningKey) -> None:
    """Have entries trimmed between two looks."""
    await until(lambda: node.lets_in() and control._feed is not None and control._feed.feed._mark.added is not None)
    pipeline = redis.client.pipeline(transaction=True)
    for jti in ("a", "b"):
        pipeline.xadd(STREAM, {"jws": message(key, jti)})
    pipeline.xtrim(STREAM, maxlen=1, approximate=False)
    pipeline.execute()
    await until(lambda: control.state.facts().feed_gaps)


@pytest.mark.parametrize("policy", ["keep", "deny"])
def test_gap(tmp_path: Path, node: Node, policy: str) -> None:
    """Under ``deny`` nobody is let in until the sidecar is started anew, under ``keep`` all are; both say so."""
    key = feed_keys(tmp_path)

    async def test() -> None:
        with running_redis(tmp_path) as redis:
            settings = {"on_feed_loss": policy, "feed": {"redis": redis.url, "keys_file": "feed.json"}}
            async with node.control(tmp_path, settings) as control:
                await lose_some(redis, control, node, key)
                await until(lambda: node.knows("b"))
                assert not node.knows("a")
                await until(lambda: node.lets_in() is (policy == "keep"))
            # Who kills control acts upon nothing.
            async with node.control(tmp_path, settings) as control:
                await until(lambda: control._feed is not None and control._feed.feed._mark.added is not None)
                assert node.lets_in() is (policy == "keep")
                ok, reason = feed_condition(control)
                assert ok is (policy == "keep")
                assert "post them again" in reason
            other = Node()
            async with other.control(tmp_path, settings) as control:
                await until(other.lets_in)
                await until(lambda: feed_condition(control) == (True, ""))
            other.shared.close()

    asyncio.run(test())
