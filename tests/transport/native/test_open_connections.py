"""Who has to go when there are too many connections."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from sidecar.transport.address import Address
from sidecar.transport.native import frames, open_connections
from sidecar.transport.native.frames import frame
from sidecar.transport.native.limits import Limits
from sidecar.transport.native.server import NativeServer
from transport.native.client import LOOPS, Client, LoopFactory, ended, has, run, serving
from transport.native.wire import USUAL, call, data, framed, greeting, headers, replies

both_loops = pytest.mark.parametrize("loop", LOOPS)
WATCH = headers(1, USUAL | {":path": "/grpc.health.v1.Health/Watch"}) + data(1, framed(b""))


@asynccontextmanager
async def full(
    limits: Limits, *openings: bytes, answer: Callable[[bytes, float | None], bytes | Awaitable[bytes]] | None = None
) -> AsyncIterator[tuple[NativeServer, Address, list[Client]]]:
    """Serve, with a connection for each opening: its bytes are sent, and answered with SETTINGS and what they ask."""
    async with AsyncExitStack() as stack:
        answering = answer or (lambda message, _seconds: message)
        server, address = await stack.enter_async_context(serving(answer=answering, limits=limits))
        clients = []
        for opening in openings:
            client = await stack.enter_async_context(Client(address))
            await client.send(opening)
            await client.until(has(frames.SETTINGS, 2 if opening else 1))
            clients.append(client)
        yield server, address, clients


async def is_served(client: Client, stream: int) -> bool:
    """Return whether a call is answered."""
    await client.send(call(stream))
    return replies(await client.until(ended(stream)))[stream].message == b"hello"


async def leaves(client: Client) -> list[int]:
    """Have a client hear that it is left, and say so; return the types of all frames that it got to the end."""
    (ping,) = (one for one in await client.until(has(frames.PING)) if one.kind == frames.PING)
    await client.send(frame(frames.PING, frames.ACK, 0, ping.payload))
    return [one.kind for one in await client.rest()]


@both_loops
def test_who_never_sent_a_preface_goes_first(loop: LoopFactory) -> None:
    """Though others were silent longer: one that was called, and one that was not."""

    async def scenario() -> None:
        openings = greeting() + call(1), greeting(), b"", b""
        async with full(Limits(max_connections=4), *openings) as (server, address, (called, uncalled, mute, later)):
            async with Client(address) as new:
                await new.send(greeting())
                assert [one.kind for one in await mute.rest()] == [frames.SETTINGS, frames.WINDOW_UPDATE]
                assert await is_served(new, 1)
            assert await is_served(called, 3)
            assert await is_served(uncalled, 1)
            await later.send(greeting())
            assert await is_served(later, 1)
            assert server.connections <= 4

    run(scenario, loop)


@both_loops
@pytest.mark.parametrize("opening", [greeting(), greeting() + WATCH], ids=["silent", "watching"])
def test_then_who_never_had_a_call_is_left(opening: bytes, loop: LoopFactory) -> None:
    """Gracefully: its first call may be on its way, and is answered."""

    async def scenario() -> None:
        openings = greeting() + call(1), opening
        async with (
            full(Limits(max_connections=2), *openings) as (_, address, (called, uncalled)),
            Client(address) as new,
        ):
            await new.send(greeting())
            assert await is_served(new, 1)
            assert await is_served(uncalled, 3)
            assert (await leaves(uncalled)).count(frames.GOAWAY) == 2
            assert await is_served(called, 3)

    run(scenario, loop)


@both_loops
def test_then_who_had_no_call_for_long_is_left(loop: LoopFactory) -> None:
    """For ``keepalive_seconds``. Whoever had one since stays."""

    async def scenario() -> None:
        limits = Limits(max_connections=2, keepalive_seconds=0.2, keepalive_timeout_seconds=30.0)
        async with full(limits, greeting() + call(1), greeting() + call(1)) as (server, address, (idle, active)):
            stream, kept = 3, {one for one in server._open.all() if one.calls.was_called}
            assert len(kept) == 2
            first = server._open.all()[0]
            while first.idle_since is None or first._loop.time() - first.idle_since < 0.25:
                assert await is_served(active, stream)
                stream += 2
                await asyncio.sleep(0.01)
            async with Client(address) as new:
                await new.send(greeting())
                assert await is_served(new, 1)
                assert await is_served(idle, 3)
                assert frames.GOAWAY in [one.kind for one in idle.received]
                assert await is_served(active, stream)
                assert frames.GOAWAY not in [one.kind for one in active.received]

    run(scenario, loop)


@both_loops
def test_who_just_had_a_call_stays(loop: LoopFactory) -> None:
    """Between two of Envoy's checks none is under way: the new one has to go."""

    async def scenario() -> None:
        openings = greeting() + call(1), greeting() + call(1)
        limits = Limits(max_connections=2, unsent_seconds=0.1)
        async with full(limits, *openings) as (server, address, clients):
            for client in clients:
                await client.until(ended(1))
            while any(one.idle_since is None for one in server._open.all()):  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.01)
            async with Client(address) as new:
                assert await new.rest() == []
            for client in clients:
                assert await is_served(client, 3)

    run(scenario, loop)


@both_loops
def test_who_never_goes_is_cut_off(loop: LoopFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are left count no more; so there may be only so many of them."""
    monkeypatch.setattr(open_connections, "MOST_LEFT", 1)

    async def scenario() -> None:
        async with (
            full(Limits(max_connections=2), greeting(), greeting()) as (server, address, (first, second)),
            Client(address) as third,
        ):
            await third.send(greeting())
            await third.until(has(frames.SETTINGS, 2))
            async with Client(address) as fourth:
                await fourth.until(has(frames.SETTINGS))
                assert frames.GOAWAY in [one.kind for one in await first.rest()]
                assert server.connections == 3
                assert await is_served(second, 1)
                assert await is_served(third, 1)

    run(scenario, loop)
