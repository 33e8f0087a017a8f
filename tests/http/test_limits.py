"""Callers that are slow, or many, and the end of a listener with callers on it."""

import asyncio
from contextlib import suppress

import pytest

from sidecar.http.server import Limits
from support.listeners import connect, get, probes, run, started

BRIEF = Limits(connections=8, seconds=0.2)


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"G",
        b"GET /livez HTTP/1.1\r\nHost: a\r\n",
        b"POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n1",
    ],
)
def test_slow_caller_is_cut_off(beginning: bytes) -> None:
    """Who does not end a request (slowloris) finds the connection ended, and others are served in the meantime."""

    async def test() -> None:
        async with started(probes(limits=BRIEF)) as listener:
            reader, writer = await connect(listener)
            writer.write(beginning)
            assert (await get(listener, "/livez")).status == 200
            try:
                answer = await reader.read()
            except ConnectionError:
                answer = b""
            assert b" 200 " not in answer
            writer.close()

    run(test)


def test_caller_that_drips_is_cut_off() -> None:
    """A byte now and then does not keep a connection open."""

    async def test() -> None:
        async with started(probes(limits=BRIEF)) as listener:
            reader, writer = await connect(listener)
            writer.write(b"GET /livez HTTP/1.1\r\nX: ")
            ended = asyncio.create_task(reader.read())
            while not ended.done():
                writer.write(b"a")
                await asyncio.wait([ended], timeout=0.01)
            assert ended.exception() or b" 200 " not in ended.result()
            writer.close()

    run(test)


def test_oldest_makes_room() -> None:
    """However many sit on their connections, the next caller is served, and the oldest of them is cut off."""

    async def test() -> None:
        async with started(probes(limits=Limits(connections=3, seconds=60.0))) as listener:
            idle = [await connect(listener) for _ in range(3)]
            assert (await get(listener, "/livez")).status == 200
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await idle[0][0].readexactly(1)
            youngest = idle[-1]
            youngest[1].write(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
            assert (await youngest[0].read()).startswith(b"HTTP/1.1 200")
            for _, writer in idle:
                writer.close()

    run(test)


def test_flood_is_served() -> None:
    """Many more callers than may be open at once: each is answered or cut off, and then all is as before."""

    async def test() -> None:
        async with started(probes(limits=Limits(connections=4, seconds=60.0))) as listener:
            replies = await asyncio.gather(*(get(listener, "/livez") for _ in range(100)))
            assert {reply.status for reply in replies} <= {0, 200}
            assert (await get(listener, "/livez")).status == 200

    run(test)


def test_stop_ends_idle_callers() -> None:
    """Nobody who sits on a connection holds up the end."""

    async def test() -> None:
        listener = probes()
        await listener.start()
        idle = [await connect(listener) for _ in range(3)]
        assert (await get(listener, "/livez")).status == 200
        await listener.stop(grace_seconds=60.0)
        for reader, writer in idle:
            with suppress(ConnectionError):
                assert await reader.read() == b""
            writer.close()
        with pytest.raises(ConnectionError):
            await connect(listener)

    run(test)


def test_stop_without_start() -> None:
    """Stopping what was never started does nothing."""
    run(probes().stop)
