"""The native server on real sockets, spoken to byte by byte."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from sidecar.transport.address import TcpAddress
from sidecar.transport.native import frames
from sidecar.transport.native.calls import Calls
from sidecar.transport.native.errors import ErrorCode
from sidecar.transport.native.frames import Frame, frame, rst_stream, window_update
from sidecar.transport.native.limits import KIB, MIB, Limits
from sidecar.transport.native.server import NativeServer
from transport.native.client import LOOPS, Client, LoopFactory, deaf, ended, has, run, serving
from transport.native.wire import call, data, ending, framed, greeting, headers, replies

both_loops = pytest.mark.parametrize("loop", LOOPS)


class Held:
    """A handler that says when it is called, and waits until it may answer."""

    def __init__(self) -> None:
        self.begun, self.go_on, self.cancelled = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def answer(self, message: bytes) -> bytes:
        """Answer when it may."""
        self.begun.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return message

    def __call__(self, message: bytes, _seconds: float | None) -> Awaitable[bytes]:
        """Begin."""
        return self.answer(message)


@both_loops
def test_calls_are_answered_in_one_write(loop: LoopFactory) -> None:
    """What is read at once is answered at once."""

    async def scenario() -> None:
        async with serving() as (server, address), Client(address) as client:
            streams = range(1, 201, 2)
            await client.send(greeting({4: 1_000_000}) + b"".join(call(stream, b"%d" % stream) for stream in streams))
            found = replies(await client.until(ended(*streams)))
            assert {stream: reply.message for stream, reply in found.items()} == {one: b"%d" % one for one in streams}
            assert server.connections == 1

    run(scenario, loop)


@both_loops
def test_awaited_answers_are_sent_when_they_are_there(loop: LoopFactory) -> None:
    """A handler that has to wait holds up nobody else."""

    async def scenario() -> None:
        held = Held()

        def answer(message: bytes, seconds: float | None) -> bytes | Awaitable[bytes]:
            return held(message, seconds) if message == b"wait" else message

        async with serving(answer=answer) as (_, address), Client(address) as client:
            await client.send(greeting() + call(1, b"wait") + call(3, b"quick"))
            assert replies(await client.until(ended(3)))[3].message == b"quick"
            held.go_on.set()
            assert replies(await client.until(ended(1)))[1].message == b"wait"

    run(scenario, loop)


@both_loops
def test_reset_cancels_what_is_awaited(loop: LoopFactory) -> None:
    """Nobody works for who has gone; also where the reset comes with the call, before its handler has begun."""

    async def scenario() -> None:
        held = Held()
        async with serving(answer=held) as (_, address), Client(address) as client:
            await client.send(greeting() + call(1))
            await held.begun.wait()
            await client.send(rst_stream(1, ErrorCode.CANCEL))
            await held.cancelled.wait()
            await client.send(call(3) + rst_stream(3, ErrorCode.CANCEL) + frame(frames.PING, 0, 0, bytes(8)))
            await client.until(has(frames.PING))
            assert replies(client.received) == {}

    run(scenario, loop)


@both_loops
def test_hanging_up_cancels_what_is_awaited(loop: LoopFactory) -> None:
    """A connection that is lost leaves no handler behind."""

    async def scenario() -> None:
        held = Held()
        async with serving(answer=held) as (server, address):
            async with Client(address) as client:
                await client.send(greeting() + call(1))
                await held.begun.wait()
            await held.cancelled.wait()
            await server._open.none_within(30)
            assert server.connections == 0

    run(scenario, loop)


@both_loops
def test_client_that_ends_its_side_is_let_go(loop: LoopFactory) -> None:
    """Its handler is stopped, or its answer dropped, whichever comes first."""

    async def scenario() -> None:
        held = Held()
        async with serving(answer=held) as (server, address), Client(address) as client:
            await client.send(greeting() + call(1))
            await held.begun.wait()
            client.end()
            held.go_on.set()
            await client.rest()
            await server._open.none_within(30)
            assert server.connections == 0

    run(scenario, loop)


@both_loops
def test_server_that_was_never_started_is_stopped_at_once(loop: LoopFactory) -> None:
    """Whoever could not listen may be stopped like any other."""

    async def scenario() -> None:
        await NativeServer(Held()).stop(0)

    run(scenario, loop)


@both_loops
def test_handler_that_outlasts_the_deadline_is_ended(loop: LoopFactory) -> None:
    """DEADLINE_EXCEEDED, where it did not see to it by itself."""

    async def scenario() -> None:
        held = Held()
        async with serving(answer=held) as (_, address), Client(address) as client:
            await client.send(greeting() + call(1, grpc_timeout="20m"))
            assert replies(await client.until(ended(1)))[1].status == "4"
            assert held.cancelled.is_set()

    run(scenario, loop)


@both_loops
def test_awaited_handler_that_fails_is_internal(loop: LoopFactory, caplog: pytest.LogCaptureFixture) -> None:
    """What it raises is logged, and the connection goes on."""

    async def fail() -> bytes:
        raise KeyError("secret")

    async def scenario() -> None:
        async with serving(answer=lambda _message, _seconds: fail()) as (_, address), Client(address) as client:
            await client.send(greeting() + call(1) + call(3))
            found = replies(await client.until(ended(1, 3)))
            assert [reply.status for reply in found.values()] == ["13", "13"]

    run(scenario, loop)
    assert "KeyError: 'secret'" in caplog.text


@both_loops
def test_fault_is_told_before_the_connection_ends(loop: LoopFactory) -> None:
    """GOAWAY arrives, even though much more was sent that nobody reads."""

    async def scenario() -> None:
        async with serving() as (server, address), Client(address) as client:
            await client.send(greeting() + frame(frames.PING, 0, 1, bytes(8)) + bytes(300_000))
            assert ending(await client.rest())[0] is ErrorCode.PROTOCOL_ERROR
            await server._open.none_within(30)
            assert server.connections == 0

    run(scenario, loop)


@both_loops
def test_fault_of_ours_ends_one_connection(
    loop: LoopFactory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An error within the server itself is logged, and others do not notice."""
    real = Calls.received

    def broken(calls: Calls, received: bytes, now: float) -> None:
        if b"break" in received:
            raise RuntimeError("a fault of ours")
        real(calls, received, now)

    monkeypatch.setattr(Calls, "received", broken)

    async def scenario() -> None:
        async with serving() as (_, address), Client(address) as client, Client(address) as other:
            await other.send(greeting() + call(1))
            await client.send(greeting() + call(1, b"break"))
            await client.rest()
            await other.send(call(3))
            await other.until(ended(1, 3))

    with caplog.at_level(logging.ERROR):
        run(scenario, loop)
    assert "RuntimeError: a fault of ours" in caplog.text


@both_loops
@pytest.mark.parametrize(
    "limits",
    [
        pytest.param(Limits(write_buffer_bytes=64 * KIB, max_unsent_bytes=MIB, unsent_seconds=1000.0), id="bytes"),
        pytest.param(Limits(write_buffer_bytes=64 * KIB, max_unsent_bytes=64 * MIB, unsent_seconds=0.2), id="seconds"),
    ],
)
def test_peer_that_does_not_read_is_cut_off(limits: Limits, loop: LoopFactory) -> None:
    """When too much waits for it, or for too long; others are served all the while."""

    async def scenario() -> None:
        async with serving(answer=lambda _message, _seconds: bytes(5000), limits=limits) as (server, address):
            client = deaf(address)
            opening = greeting({4: 2**31 - 1}) + window_update(0, 2**30)
            calls = opening + b"".join(call(stream) for stream in range(1, 40_001, 2))
            sending = asyncio.ensure_future(asyncio.get_running_loop().sock_sendall(client, calls))
            async with Client(address) as other:
                await other.send(greeting())
                for stream in range(1, 10_001, 2):
                    await other.send(call(stream) + window_update(0, 5005))
                    await other.until(ended(stream))
                    if server.connections == 1:
                        break
                    await asyncio.sleep(0.01)
                assert server.connections == 1
            sending.cancel()
            with suppress(asyncio.CancelledError, OSError):
                await sending
            client.close()

    run(scenario, loop)


@both_loops
def test_peer_that_does_not_read_is_not_read_from(loop: LoopFactory) -> None:
    """What it sends stays where it is, until it has read its answers; then all are there."""
    limits = Limits(write_buffer_bytes=64 * KIB, max_unsent_bytes=256 * MIB)

    async def scenario() -> None:
        asked = 0

        def answer(_message: bytes, _seconds: float | None) -> bytes:
            nonlocal asked
            asked += 1
            return bytes(5000)

        async with serving(answer=answer, limits=limits) as (server, address), Client(address) as client:
            client.pause()
            streams = range(1, 20_001, 2)
            opening = greeting({4: 2**31 - 1}) + window_update(0, 2**30)
            sending = asyncio.ensure_future(client.send(opening + b"".join(call(stream) for stream in streams)))
            while not any(one._full_since for one in server._open.all()):  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.01)
            assert asked < 10_000
            client.resume()
            await client.until(ended(19_999))
            await sending
            assert asked == 10_000

    run(scenario, loop)


@both_loops
def test_silent_connection_is_cut_off(loop: LoopFactory) -> None:
    """One that never sends a preface."""

    async def scenario() -> None:
        async with serving(limits=Limits(preface_seconds=0.1)) as (_, address), Client(address) as client:
            assert ending(await client.rest()) == (ErrorCode.ENHANCE_YOUR_CALM, "no SETTINGS in time")

    run(scenario, loop)


@both_loops
def test_connections_beyond_the_limit_push_out_silent_ones(loop: LoopFactory) -> None:
    """Whoever never sent a preface goes; where all have calls the new one does."""

    async def scenario() -> None:
        held = Held()
        limits = Limits(max_connections=2)
        async with serving(answer=held, limits=limits) as (server, address), Client(address) as first:
            await first.send(greeting() + call(1))
            await held.begun.wait()
            async with Client(address) as silent:
                await silent.until(has(frames.SETTINGS))
                async with Client(address) as third:
                    assert [one.kind for one in await silent.rest()] == [frames.SETTINGS, frames.WINDOW_UPDATE]
                    held.begun.clear()
                    await third.send(greeting() + call(1))
                    await held.begun.wait()
                    async with Client(address) as fourth:
                        assert await fourth.rest() == []
                        assert server.connections == 2
                    held.go_on.set()
                    await first.until(ended(1))
                    await third.until(ended(1))

    run(scenario, loop)


@both_loops
def test_stop_answers_what_is_under_way(loop: LoopFactory) -> None:
    """The client is told in two steps, and has its answer; nobody else can connect."""

    async def scenario() -> None:
        held = Held()
        async with serving(answer=held) as (server, address), Client(address) as client:
            await client.send(greeting() + call(1))
            await held.begun.wait()
            stopping = asyncio.ensure_future(server.stop(30))
            await client.until(has(frames.PING))
            await client.send(acknowledgement(client.received))
            await client.until(has(frames.GOAWAY, 2))
            assert isinstance(address, TcpAddress)
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(address.host, address.port)
            assert not stopping.done()
            held.go_on.set()
            assert replies(await client.rest())[1].message == b"hello"
            await stopping

    run(scenario, loop)


@both_loops
def test_stop_ends_when_its_time_is_over(loop: LoopFactory) -> None:
    """What is not answered by then is given up, and the client told."""

    async def scenario() -> None:
        held = Held()
        async with serving(answer=held) as (server, address), Client(address) as client:
            await client.send(greeting() + call(1))
            await held.begun.wait()
            await server.stop(0)
            assert held.cancelled.is_set()
            assert ending(await client.rest())[0] is ErrorCode.NO_ERROR
            assert server.connections == 0

    run(scenario, loop)


def acknowledgement(received: list[Frame]) -> bytes:
    """Return the answer to the server's PING."""
    (ping,) = (one for one in received if one.kind == frames.PING)
    return frame(frames.PING, frames.ACK, 0, ping.payload)


def last_goaway(received: list[Frame]) -> int | None:
    """Return the last stream that the second GOAWAY names."""
    told = [one for one in received if one.kind == frames.GOAWAY]
    return int.from_bytes(told[1].payload[:4], "big") if len(told) > 1 else None


@both_loops
def test_no_call_is_lost_when_the_server_stops_under_load(loop: LoopFactory) -> None:
    """Every stream up to the one that GOAWAY names is answered, though the client sends on and on."""

    async def scenario() -> None:
        async def slowly(message: bytes) -> bytes:
            await asyncio.sleep(0)
            return message

        def answer(message: bytes, _seconds: float | None) -> bytes | Awaitable[bytes]:
            return slowly(message) if int(message) % 3 == 0 else message

        async def load(client: Client) -> None:
            for stream in range(1, 1_000_001, 2):
                if last_goaway(client.received) is not None:
                    return
                await client.send(call(stream, b"%d" % stream) + window_update(0, 20))
                await asyncio.sleep(0)

        async with serving(answer=answer) as (server, address), Client(address) as client:
            await client.send(greeting({4: 1000}))
            sending = asyncio.ensure_future(load(client))
            await client.until(ended(101))
            stopping = asyncio.ensure_future(server.stop(30))
            await client.until(has(frames.GOAWAY))
            await client.until(has(frames.PING))
            await client.send(acknowledgement(client.received))
            received = await client.rest()
            await asyncio.gather(sending, return_exceptions=True)
            await stopping
            last = last_goaway(received)
            assert last is not None
            assert last > 101
            found = replies(received)
            assert [found[stream].message for stream in range(1, last + 1, 2)] == [
                b"%d" % stream for stream in range(1, last + 1, 2)
            ]

    run(scenario, loop)


def test_servers_that_share_a_port() -> None:
    """Two of ours may have one port, where both say so."""

    async def scenario() -> None:
        async with serving(shared=True) as (first, address), serving(str(address), shared=True) as (second, _):
            clients = [Client(address) for _ in range(40)]
            for client in clients:
                await client.__aenter__()
                await client.send(greeting() + call(1))
                await client.until(ended(1))
            assert first.connections + second.connections == 40
            assert first.connections
            assert second.connections
            for client in clients:
                await client.__aexit__()

    run(scenario)


def granted(stream: int, size: int) -> Callable[[list[Frame]], bool]:
    """Return a condition: that the server takes so many bytes on a stream."""

    def enough(received: list[Frame]) -> bool:
        told = (one for one in received if one.kind == frames.WINDOW_UPDATE and one.stream_id == stream)
        return Limits().stream_window_bytes + sum(int.from_bytes(one.payload, "big") for one in told) >= size

    return enough


def test_upload_in_many_reads_is_put_together() -> None:
    """A message larger than any read, and than the windows."""

    async def scenario() -> None:
        message = bytes(range(256)) * 20_000
        async with serving(answer=lambda message, _seconds: message[-300:]) as (_, address), Client(address) as client:
            await client.send(greeting() + headers(1))
            body = framed(message)
            for at in range(0, len(body), 16384):
                await client.until(granted(1, at + 16384))
                await client.send(data(1, body[at : at + 16384], end=at + 16384 >= len(body)))
            assert replies(await client.until(ended(1)))[1].message == message[-300:]

    run(scenario)
