"""The native server's beginning and end: what is in the backlog is served, and nothing is left open."""

import asyncio
import socket
from pathlib import Path
from typing import Self

import pytest

from sidecar.transport.address import Address, UnixAddress, parse
from sidecar.transport.native import frames
from sidecar.transport.native.server import NativeServer
from transport.native.client import LOOPS, Client, LoopFactory, ended, run, serving
from transport.native.wire import USUAL, call, data, echo, framed, greeting, headers, replies

both_loops = pytest.mark.parametrize("loop", LOOPS)
WATCH = headers(1, USUAL | {":path": "/grpc.health.v1.Health/Watch"}) + data(1, framed(b""))


def waiting(address: Address, first: bytes) -> socket.socket:
    """Return a connection that the system has accepted, and the server has not had a turn to."""
    if isinstance(address, UnixAddress):
        made = socket.socket(socket.AF_UNIX)
        made.connect(address.path)
    else:
        made = socket.socket()
        made.connect((address.host, address.port))
    made.sendall(first)
    made.setblocking(False)  # noqa: FBT003 - positional only
    return made


class Waiting(Client):
    """A client of a socket that is connected."""

    def __init__(self, made: socket.socket) -> None:
        super().__init__(parse("127.0.0.1:1"))
        self._made = made

    async def __aenter__(self) -> Self:
        """Read from it."""
        self._reader, self._writer = await asyncio.open_connection(sock=self._made)
        return self


@both_loops
@pytest.mark.parametrize("turns", [0, 1, 2, 3])
@pytest.mark.parametrize("where", ["127.0.0.1:0", "unix:{folder}/a.sock"])
def test_check_in_the_backlog_is_answered(where: str, turns: int, loop: LoopFactory, tmp_path: Path) -> None:
    """However far its connection is when the server stops; and it is told that the server leaves."""

    async def scenario() -> None:
        server = NativeServer(echo)
        address = await server.start(parse(where.replace("{folder}", str(tmp_path))))
        made = waiting(address, greeting() + call(1))
        for _ in range(turns):
            await asyncio.sleep(0)
        stopping = asyncio.ensure_future(server.stop(30))
        async with Waiting(made) as client:
            received = await client.until(ended(1))
            assert replies(received)[1].message == b"hello"
            (ping,) = (one for one in await client.until(has_goaway) if one.kind == frames.PING)
            await client.send(frames.frame(frames.PING, frames.ACK, 0, ping.payload))
            assert [one.kind for one in await client.rest()].count(frames.GOAWAY) == 2
        await stopping
        assert server.connections == 0

    run(scenario, loop)


def has_goaway(received: list[frames.Frame]) -> bool:
    """Return whether the server has said that it leaves, and waits to be heard."""
    kinds = [one.kind for one in received]
    return frames.GOAWAY in kinds and frames.PING in kinds


@both_loops
def test_watch_in_the_backlog_is_ended(loop: LoopFactory) -> None:
    """It would hold up the drain to its end."""

    async def scenario() -> None:
        server = NativeServer(echo)
        address = await server.start(parse("127.0.0.1:0"))
        made = waiting(address, greeting() + WATCH)
        stopping = asyncio.ensure_future(server.stop(30))
        async with Waiting(made) as client:
            assert replies(await client.until(ended(1)))[1].status == "14"
        await stopping

    run(scenario, loop)


@both_loops
def test_start_that_fails_leaves_nothing(loop: LoopFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a socket nor its file, and ``stop`` has nothing to do."""

    async def scenario() -> None:
        server = NativeServer(echo)
        made: list[socket.socket] = []

        async def fail(_make: object, *, sock: socket.socket, backlog: int) -> None:
            assert backlog
            made.append(sock)
            raise OSError("no more files")

        with monkeypatch.context() as patch:
            patch.setattr(
                type(asyncio.get_running_loop()), "create_unix_server", lambda _, *args, **more: fail(*args, **more)
            )
            with pytest.raises(OSError, match="no more files"):
                await server.start(UnixAddress(str(tmp_path / "a.sock")))
        assert made[0].fileno() == -1
        await server.stop(30)

    run(scenario, loop)
    assert list(tmp_path.iterdir()) == []


@both_loops
def test_connection_that_is_late_leaves_at_once(loop: LoopFactory) -> None:
    """Its protocol is made when the others have been told; its check is answered first."""

    async def scenario() -> None:
        async with serving() as (server, address):
            server._open.leaving = True
            async with Client(address) as client:
                await client.until(has_goaway)
                await client.send(greeting() + call(1))
                assert replies(await client.until(ended(1)))[1].message == b"hello"

    run(scenario, loop)
