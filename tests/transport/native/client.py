"""A native server on a real socket, and a client that sends any bytes."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Self, cast

import pytest
import uvloop

from sidecar.transport.address import Address, UnixAddress, parse
from sidecar.transport.native import frames
from sidecar.transport.native.frames import HEAD, LARGEST, Frame
from sidecar.transport.native.limits import Limits
from sidecar.transport.native.listening import SocketOptions
from sidecar.transport.native.server import NativeServer
from sidecar.transport.tracing import Answer
from transport.native.wire import echo

#: Both event loops: uvloop, which the sidecar runs on, and asyncio's own.
LOOPS = [pytest.param(uvloop.new_event_loop, id="uvloop"), pytest.param(asyncio.new_event_loop, id="asyncio")]
LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def run(scenario: Callable[[], Awaitable[None]], loop_factory: LoopFactory | None = None) -> None:
    """Run a scenario to its end, within a minute, on a loop on which nothing may go wrong unseen."""

    async def watched() -> None:
        problems: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(context))
        async with asyncio.timeout(60):
            await scenario()
        assert problems == []

    logging.getLogger("asyncio").setLevel(logging.WARNING)
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(watched())


@asynccontextmanager
async def serving(
    listen: str = "127.0.0.1:0",
    answer: Answer = echo,
    limits: Limits | None = None,
    *,
    shared: bool = False,
    options: SocketOptions | None = None,
) -> AsyncIterator[tuple[NativeServer, Address]]:
    """Serve on a free port or where it is told to; the server and its address."""
    server = NativeServer(answer, limits, shared=shared, socket_options=options)
    address = await server.start(parse(listen))
    try:
        yield server, address
    finally:
        await server.stop(0)


class Client:
    """A connection. It answers nothing by itself, and remembers all frames that came."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self.received: list[Frame] = []
        self._rest = b""

    async def __aenter__(self) -> Self:
        """Connect."""
        if isinstance(self._address, UnixAddress):
            # uvloop itself does not connect to abstract sockets.
            made = socket.socket(socket.AF_UNIX)
            made.connect(self._address.path.replace("@", "\0", 1))
            self._reader, self._writer = await asyncio.open_unix_connection(sock=made)
        else:
            self._reader, self._writer = await asyncio.open_connection(self._address.host, self._address.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Hang up."""
        self._writer.transport.abort()

    async def send(self, data: bytes) -> None:
        """Send bytes."""
        self._writer.write(data)
        await self._writer.drain()

    def end(self) -> None:
        """Send nothing more; read on."""
        self._writer.write_eof()

    def pause(self) -> None:
        """Read nothing more, not even into a buffer."""
        self._reader_transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        self._reader_transport.resume_reading()

    @property
    def _reader_transport(self) -> asyncio.ReadTransport:
        return cast("asyncio.Transport", self._writer.transport)

    async def until(self, enough: Callable[[list[Frame]], bool]) -> list[Frame]:
        """Read until there is enough, and return all frames that ever came; it must come before the end."""
        while not enough(self.received):
            assert await self._read(), "the server has hung up"
        return self.received

    async def rest(self) -> list[Frame]:
        """Read until the server hangs up, and return all frames that ever came."""
        try:
            while await self._read():
                pass
        except ConnectionResetError:
            pass
        return self.received

    async def _read(self) -> bool:
        data = await self._reader.read(65536)
        self._rest += data
        while len(self._rest) >= frames.HEAD_BYTES:
            high, low, kind, flags, stream_id = HEAD.unpack_from(self._rest)
            end = frames.HEAD_BYTES + (high << 8 | low)
            if len(self._rest) < end:
                break
            self.received.append(Frame(kind, flags, stream_id & LARGEST, self._rest[frames.HEAD_BYTES : end]))
            self._rest = self._rest[end:]
        return bool(data)


def ended(*streams: int) -> Callable[[list[Frame]], bool]:
    """Return a condition: that all of these streams have ended."""

    def enough(received: list[Frame]) -> bool:
        over = {
            one.stream_id
            for one in received
            if one.kind == frames.RST_STREAM or (one.kind in (frames.HEADERS, frames.DATA) and one.flags & 1)
        }
        return over >= set(streams)

    return enough


def has(kind: int, count: int = 1) -> Callable[[list[Frame]], bool]:
    """Return a condition: that so many frames of a type have come."""
    return lambda received: len([one for one in received if one.kind == kind]) >= count


def deaf(address: Address) -> socket.socket:
    """Return a connection that nobody reads from, to a TCP address."""
    assert not isinstance(address, UnixAddress)
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.connect((address.host, address.port))
    made.setblocking(False)  # noqa: FBT003 - positional only
    return made
