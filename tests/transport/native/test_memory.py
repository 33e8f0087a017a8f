"""What all connections of a server hold together is bounded."""

import asyncio
import logging

import pytest

from sidecar.transport.address import Address
from sidecar.transport.native import frames
from sidecar.transport.native.errors import ErrorCode
from sidecar.transport.native.frames import HEADERS, frame
from sidecar.transport.native.limits import KIB, MIB, Limits
from transport.native.client import Client, ended, run, serving
from transport.native.wire import Wire, block, call, data, ending, framed, greeting, headers, replies

#: Windows so large that nobody waits for one, and 6 MiB for all.
LIMITS = Limits(stream_window_bytes=16 * MIB, max_total_buffer_bytes=6 * MIB)
_PIECE = bytes(16 * KIB - 5)


def _upload(size: int) -> bytes:
    """Return a request that is not whole, of so many bytes."""
    first = headers(1) + data(1, framed(bytes(32 * MIB))[: 16 * KIB], end=False)
    return first + data(1, bytes(16 * KIB), end=False) * (size // (16 * KIB) - 1)


async def _told(clients: list[Client], sizes: list[int]) -> None:
    for client, size in zip(clients, sizes, strict=True):
        await client.send(greeting() + _upload(size))
        # Answered once all that was sent before is taken.
        await client.send(call(3))
        await client.until(ended(3))


async def _opened(address: Address, number: int) -> list[Client]:
    return [await Client(address).__aenter__() for _ in range(number)]


def test_connection_that_holds_most_is_closed(caplog: pytest.LogCaptureFixture) -> None:
    """Beyond the bound of all, though each is within its own, the largest is told so; the others are served on."""
    caplog.set_level(logging.INFO)

    async def scenario() -> None:
        async with serving(limits=LIMITS) as (_, address):
            small, large, last = clients = await _opened(address, 3)
            await _told([small, large], [2 * MIB, 3 * MIB])
            await last.send(greeting() + _upload(2 * MIB))
            code, text = ending(await large.rest())
            assert (code, text[:34]) == (ErrorCode.ENHANCE_YOUR_CALM, "all connections hold more than 629")
            for client in (small, last):
                await client.send(call(5))
                assert replies(await client.until(ended(5)))[5].message == b"hello"
            for client in clients:
                await client.__aexit__()

    run(scenario)
    assert "connection closed: ENHANCE_YOUR_CALM: all connections hold more than" in caplog.text


def test_header_blocks_count() -> None:
    """A header block that does not end is held as well."""
    wire = Wire()
    part = frame(frames.CONTINUATION, 0, 1, _PIECE)
    wire.send(frame(HEADERS, 0, 1, block()) + part * 100)
    assert wire.connection.held > 100 * len(_PIECE)
    assert wire.outside.looks == 1


def test_whole_calls_are_not_looked_at() -> None:
    """What is answered at once holds nothing, however much there is of it."""
    wire = Wire(lambda _message, _seconds: b"")
    for stream in range(1, 4001, 2):
        wire.send(call(stream, bytes(4000)))
    assert (wire.outside.looks, wire.connection.held) == (0, 0)


def test_answers_that_are_not_read_count() -> None:
    """The tick looks at what the peer has opened no window for."""
    limits = Limits(max_total_buffer_bytes=MIB)

    async def scenario() -> None:
        async with serving(limits=limits, answer=lambda _message, _seconds: bytes(600 * KIB)) as (_, address):
            clients = await _opened(address, 2)
            for client in clients:
                await client.send(greeting() + call(1))
            endings = [asyncio.create_task(client.rest()) for client in clients]
            first, _ = await asyncio.wait(endings, return_when=asyncio.FIRST_COMPLETED)
            assert ending(first.pop().result())[0] is ErrorCode.ENHANCE_YOUR_CALM
            for one in endings:
                one.cancel()
            await asyncio.gather(*endings, return_exceptions=True)
            for client in clients:
                await client.__aexit__()

    run(scenario)
