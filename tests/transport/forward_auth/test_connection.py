"""The listener for HTTP on real sockets: whoever sends too much, too slowly or no HTTP at all is denied, or ended."""

import asyncio

import pytest

from sidecar.transport.forward_auth.connection import Limits
from support.forward_auth import Client, connected, forward_auth, proxied, serving, written
from support.fronts import run
from support.tokens import mint

_GOOD = (("authorization", f"Bearer {mint()}"),)
_ASKED = written(proxied("nginx", headers=_GOOD))


def test_one_request_after_the_other() -> None:
    """A connection is kept; answers come in the order of the questions, sent at once or one by one."""

    async def scenario() -> None:
        async with serving(forward_auth("nginx")) as server, connected(server) as client:
            for _ in range(2):
                assert (await client.ask(_ASKED)).status == 200
                assert (await client.ask(written(proxied("nginx")))).status == 401
            client.writer.write(_ASKED + written(proxied("nginx")) + _ASKED)
            assert [(await client.answer()).status for _ in range(3)] == [200, 401, 200]

    run(scenario())


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET /check HTTP/1.1\r\nhost: a\r\n bad folding\r\n\r\n",
        _ASKED.replace(b"host: authz", b"host: authz\r\nhost: other"),
        _ASKED.replace(b"GET /check ", b"GET /check?x "),
        _ASKED.replace(b"GET /check ", b"GET http://authz/check "),
        _ASKED.replace(b"host: authz", b"host: authz\r\ncontent-length: 5"),
        _ASKED.replace(b"host: authz", b"host: authz\r\ntransfer-encoding: chunked"),
        _ASKED.replace(b"host: authz", b"host: authz\r\n" + b"a: b\r\n" * 300),
    ],
    ids=["no HTTP", "folding", "two hosts", "query", "absolute", "length", "chunked", "many headers"],
)
def test_denied_unreadable(sent: bytes) -> None:
    """What is no question is denied by the engine, and nothing more is read from that connection."""

    async def scenario() -> None:
        async with serving(forward_auth("nginx")) as server, connected(server) as client:
            answer = await client.ask(sent)
            assert (answer.status, answer.headers["x-authz-reason"]) == (503, ["unreadable_request"])
            assert "x-auth-subject" not in answer.headers

    run(scenario())


def test_nothing_comes_behind_a_body() -> None:
    """A whole body ends the connection too: of its trailers nothing becomes a header of the request behind it."""
    chunked = _ASKED.replace(b"host: authz", b"host: authz\r\ntransfer-encoding: chunked")
    trailer = b"0\r\nauthorization: Bearer " + mint().encode() + b"\r\n\r\n"

    async def scenario() -> None:
        async with serving(forward_auth("nginx")) as server, connected(server) as client:
            answer = await client.ask(chunked + trailer + written(proxied("nginx")))
            assert (answer.status, answer.headers["x-authz-reason"]) == (503, ["unreadable_request"])
            assert await client.is_closed()

    run(scenario())


@pytest.mark.parametrize("padding", [b"a: %s\r\n" % (b"x" * 100_000), b"a: %s\r\n" % (b"x" * 1000) * 110])
def test_denied_too_large(padding: bytes) -> None:
    """Headers of too many bytes, one or all together, are denied, and the connection ends."""
    sent = _ASKED.replace(b"host: authz\r\n", b"host: authz\r\n" + padding)

    async def scenario() -> None:
        async with serving(forward_auth("nginx")) as server, connected(server) as client:
            answer = await client.ask(sent)
            assert (answer.status, answer.headers["x-authz-reason"]) == (403, ["request_too_large"])
            assert await client.is_closed()

    run(scenario())


def test_slow_senders_are_ended() -> None:
    """Who sends nothing, or half a request, is ended after the idle time."""

    async def scenario() -> None:
        async with serving(forward_auth("nginx"), Limits(idle_seconds=1.0)) as server:
            async with connected(server) as silent, connected(server) as slow:
                slow.writer.write(_ASKED[:-2])
                assert await silent.is_closed()
                assert await slow.is_closed()
            async with connected(server) as again:
                assert (await again.ask(_ASKED)).status == 200
                again.writer.write(_ASKED[:20])
                assert await again.is_closed()

    run(scenario())


async def _send_for_ever(client: Client) -> None:
    while True:
        client.writer.write(_ASKED * 100)
        await client.writer.drain()


def test_slow_readers_are_ended() -> None:
    """Who sends on and never reads is ended; others are answered meanwhile."""

    async def scenario() -> None:
        limits = Limits(write_seconds=0.2)
        async with (
            serving(forward_auth("nginx"), limits) as server,
            connected(server) as deaf,
            connected(server) as other,
        ):
            with pytest.raises(ConnectionError):
                await _send_for_ever(deaf)
            assert (await other.ask(_ASKED)).status == 200

    run(scenario())


def test_the_oldest_idle_one_makes_room() -> None:
    """One connection too many, and the oldest that is idle has to go."""

    async def scenario() -> None:
        limits = Limits(connections=2)
        async with (
            serving(forward_auth("nginx"), limits) as server,
            connected(server) as first,
            connected(server) as second,
        ):
            assert [(await one.ask(_ASKED)).status for one in (first, second)] == [200, 200]
            async with connected(server) as third:
                assert (await third.ask(_ASKED)).status == 200
                assert await first.is_closed()
                assert (await second.ask(_ASKED)).status == 200

    run(scenario())


def test_stop_answers_what_is_under_way() -> None:
    """It ends connections, and listens no more."""

    async def scenario() -> None:
        front = forward_auth("nginx")
        async with serving(front) as server, connected(server) as client:
            assert (await client.ask(_ASKED)).status == 200
            await server.stop(1)
            assert await client.is_closed()
            with pytest.raises(ConnectionError):
                async with connected(server):
                    pass
            await asyncio.sleep(0)
            assert server.connections == 0

    run(scenario())
