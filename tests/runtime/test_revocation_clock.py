"""Clocks that are ahead and are set right, as control meets them."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.core.revocation import Kind, Name
from sidecar.revocation.entry import Entry
from sidecar.revocation.message import sign
from sidecar.runtime.control.revocation_file import RevocationFile
from support.redis_servers import running_redis
from support.revocations import Clock, Node, until
from support.revoking import feed_keys
from support.tokens import ISSUER

YEAR = 3e7


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the wall clock."""
    return Clock(monkeypatch)


@pytest.fixture
def node() -> Iterator[Node]:
    """Return a node."""
    made = Node()
    yield made
    made.shared.close()


def line(jti: str) -> str:
    return json.dumps({"issuer": ISSUER, "jti": jti, "expires_at": time.time() + 3600}) + "\n"


def test_control_begins_while_the_clock_is_ahead(tmp_path: Path, clock: Clock, node: Node) -> None:
    """What the one before had stored is there when the clock is set right, and so is what came meanwhile."""
    file = tmp_path / "f"
    file.write_text(line("a"))

    async def test() -> None:
        async with node.control(tmp_path, {"file": "f"}):
            await until(lambda: node.knows("a") and node.lets_in())
        late = line("b")
        clock.ahead = YEAR
        file.write_text(late)
        async with node.control(tmp_path, {"file": "f"}) as control:
            await until(lambda: control.state.facts().entries == 2)
            assert await control._store.sweep() == 0
            clock.ahead = 0
            assert node.knows("a")
            assert node.knows("b")

    asyncio.run(test())


def test_node_begins_while_the_clock_is_ahead(
    tmp_path: Path, clock: Clock, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was over in the file and the feed is read again when the clock is set right, and nobody is let in before."""
    key, reading = feed_keys(tmp_path), asyncio.Event()
    (tmp_path / "f").write_text(line("a"))
    entry = Entry(Name(ISSUER, Kind.JTI, "b"), None, time.time() + 3600)
    clock.ahead = YEAR

    async def test() -> None:
        with running_redis(tmp_path) as redis:
            redis.add(sign([entry], key))
            feed = {"redis": redis.url, "keys_file": "feed.json"}
            async with node.control(tmp_path, {"file": "f", "feed": feed}) as control:
                await until(node.lets_in)
                assert control.state.facts().entries == 0
                original = RevocationFile.read

                async def slowly(self: RevocationFile) -> int:
                    await reading.wait()
                    return await original(self)

                monkeypatch.setattr(RevocationFile, "read", slowly)
                clock.ahead = 0
                await until(lambda: not node.lets_in())
                await until(lambda: node.knows("b"))
                assert not node.lets_in()
                reading.set()
                await until(node.lets_in)
                assert node.knows("a")
                assert node.knows("b")

    asyncio.run(test())


def test_clock_is_set_right_while_there_is_no_control(tmp_path: Path, clock: Clock, node: Node) -> None:
    """Whoever takes over reads what was over again, vouching for nothing until then, though a line became wrong."""
    (tmp_path / "f").write_text(line("a"))
    clock.ahead = YEAR

    async def test() -> None:
        async with node.control(tmp_path, {"file": "f"}):
            await until(node.lets_in)
        clock.ahead = 0
        assert not node.knows("a")
        with (tmp_path / "f").open("a") as file:
            file.write("nonsense\n")
        async with node.control(tmp_path, {"file": "f"}):
            await until(lambda: not node.lets_in() or node.knows("a"))
            await until(node.lets_in)
            assert node.knows("a")

    asyncio.run(test())


def test_clock_that_is_set_back_where_nothing_was_over(tmp_path: Path, clock: Clock, node: Node) -> None:
    """Nobody is refused for it."""
    (tmp_path / "f").write_text(line("a"))

    async def test() -> None:
        async with node.control(tmp_path, {"file": "f"}) as control:
            await until(node.lets_in)
            clock.ahead = -1800
            assert not await control._store.lacks()
            assert node.lets_in()
            assert node.knows("a")

    asyncio.run(test())
