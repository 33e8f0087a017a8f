"""What is counted of connections: each limit by its name, streams, resets, faults and errors."""

import asyncio
import dataclasses
from collections.abc import Callable

import pytest

from sidecar.observe.transport_counts import Direction, GrpcError, Limit, Scope, TransportCounts
from sidecar.transport.native import frames
from sidecar.transport.native.errors import ErrorCode
from sidecar.transport.native.frames import frame, rst_stream, window_update
from sidecar.transport.native.grpc_status import Status
from sidecar.transport.native.limits import KIB, MIB, Limits
from transport.native.client import LOOPS, Client, LoopFactory, ended, has, run, serving
from transport.native.test_attacks import FLOOD, FLOODS
from transport.native.wire import (
    INITIAL_WINDOW_SIZE,
    USUAL,
    Wire,
    block,
    call,
    data,
    framed,
    greeting,
    headers,
    later,
)

both_loops = pytest.mark.parametrize("loop", LOOPS)
#: Of ``Limits``, what nobody comes up against: windows hold a peer back, and silence is asked about first.
_WINDOWS = {"stream_window_bytes", "connection_window_bytes", "max_request_bytes", "keepalive_seconds"}
_KINDS = {
    "streams reset": Limit.MAX_RESETS,
    "PING frames": Limit.MAX_PINGS,
    "SETTINGS frames": Limit.MAX_SETTINGS,
    "empty DATA frames": Limit.MAX_EMPTY_DATA,
    "WINDOW_UPDATE frames": Limit.MAX_WINDOW_UPDATES,
    "frames that say nothing": Limit.MAX_IGNORED_FRAMES,
}


def hit(counts: TransportCounts) -> dict[Limit, int]:
    """Return the limits that somebody came up against, and how often."""
    return {limit: count for limit, count in counts.limits.items() if count}


def test_limits_have_their_names() -> None:
    """Each limit that there is is counted by its very name, but for windows; and who may not connect; and no other."""
    names = {one.name for one in dataclasses.fields(Limits)} - _WINDOWS
    assert {limit.value for limit in Limit} == names | {"allowed_peers"}


def test_errors_have_their_names() -> None:
    """Each status that the server gives is counted by its name, but for OK; and no other."""
    assert {error.name for error in GrpcError} == {status.name for status in Status} - {"OK"}
    assert all(error.value == error.name.lower() for error in GrpcError)


@pytest.mark.parametrize(("flood", "what"), FLOODS)
def test_floods(flood: object, what: str) -> None:
    """The flood that ends a connection is counted once, by its kind."""
    wire = Wire(limits=FLOOD)
    for part in flood():  # type: ignore[operator]  # one of those above
        wire.send(part)
    assert wire.closed
    assert hit(wire.connection.counts) == {_KINDS[what]: 1}


def _unfinished(wire: Wire) -> None:
    wire.send(headers(1) + data(1, framed(bytes(100))[:50], end=False))
    wire.tick(60.1)


def _unfinished_block(wire: Wire) -> None:
    wire.send(frame(frames.HEADERS, 0, 1, block()))
    wire.tick(60.1)


def _unread(wire: Wire) -> None:
    wire.tick(20.1)


def _continuations(wire: Wire) -> None:
    wire.send(frame(frames.HEADERS, 0, 1, b"") + frame(frames.CONTINUATION, 0, 1, b"") * 65)


def _pings(wire: Wire) -> None:
    wire.tick(60.1)
    wire.tick(20.1)


def _idle(wire: Wire) -> None:
    for _ in range(24):
        wire.tick(5.0)
        wire.send(frame(frames.PING, 0, 0, bytes(8)))


SMALL = Limits(
    max_concurrent_streams=2,
    max_message_bytes=KIB,
    max_continuation_frames=64,
    max_header_fields=20,
    idle_seconds=100.0,
)


@pytest.mark.parametrize(
    ("limit", "attack"),
    [
        (Limit.MAX_CONCURRENT_STREAMS, lambda wire: wire.send(call(1) + call(3) + call(5))),
        (Limit.MAX_MESSAGE_BYTES, lambda wire: wire.send(call(1, bytes(KIB + 1)))),
        (
            Limit.MAX_HEADER_FIELDS,
            lambda wire: wire.send(headers(1, USUAL | {f"a{number}": "b" for number in range(20)})),
        ),
        (Limit.MAX_CONTINUATION_FRAMES, _continuations),
        (Limit.MAX_FRAME_BYTES, lambda wire: wire.send(frames.HEAD.pack(80, 0, frames.DATA, 0, 1))),
        (Limit.REQUEST_SECONDS, _unfinished),
        (Limit.REQUEST_SECONDS, _unfinished_block),
        (Limit.KEEPALIVE_TIMEOUT_SECONDS, _pings),
        (Limit.IDLE_SECONDS, _idle),
    ],
)
def test_limits(limit: Limit, attack: Callable[[Wire], object]) -> None:
    """Whoever comes up against a limit is counted, once."""
    wire = Wire(later, SMALL)
    attack(wire)
    assert hit(wire.connection.counts) == {limit: 1}
    assert wire.connection.counts.faults == dict.fromkeys(Scope, 0)


@pytest.mark.parametrize(
    ("limit", "limits", "attack"),
    [
        (Limit.MAX_UNSENT_BYTES, Limits(max_unsent_bytes=KIB), lambda wire: wire.send(call(1, bytes(2 * KIB)))),
        (Limit.UNSENT_SECONDS, Limits(), _unread),
    ],
)
def test_limits_of_answers(limit: Limit, limits: Limits, attack: Callable[[Wire], object]) -> None:
    """The same of what a peer does not take."""
    wire = Wire(limits=limits, greet=False)
    wire.send(greeting({INITIAL_WINDOW_SIZE: 0}) + call(1))
    attack(wire) if limit is Limit.UNSENT_SECONDS else wire.send(call(3, bytes(2 * KIB)))
    assert hit(wire.connection.counts) == {limit: 1}


def test_large_header_lists() -> None:
    """The same of a header block, whole or not."""
    wire = Wire(limits=Limits(max_header_list_bytes=1000))
    wire.send(headers(1, USUAL | {f"a{number}": "b" * 100 for number in range(10)}))
    assert hit(wire.connection.counts) == {Limit.MAX_HEADER_LIST_BYTES: 1}
    wire = Wire(limits=Limits(max_header_list_bytes=1000))
    wire.send(frame(frames.HEADERS, 0, 1, bytes(800)) + frame(frames.CONTINUATION, 0, 1, bytes(800)))
    assert hit(wire.connection.counts) == {Limit.MAX_HEADER_LIST_BYTES: 1}


def test_late_preface() -> None:
    """The same of who says nothing at all."""
    wire = Wire(greet=False)
    wire.tick(10.1)
    assert hit(wire.connection.counts) == {Limit.PREFACE_SECONDS: 1}


def test_caller_s_own_deadline_is_no_limit() -> None:
    """A request that does not end by the deadline that its caller gave is an error, and no limit of ours."""
    wire = Wire()
    wire.send(headers(1, grpc_timeout="5S"))
    wire.tick(5.1)
    assert hit(wire.connection.counts) == {}
    assert wire.connection.counts.errors[GrpcError.DEADLINE_EXCEEDED] == 1


def test_resets() -> None:
    """Streams that the peer resets, and those that we do, each for itself."""
    wire = Wire(later)
    wire.send(call(1) + call(3) + rst_stream(1, ErrorCode.CANCEL) + rst_stream(3, ErrorCode.CANCEL))
    wire.send(headers(5, USUAL | {"connection": "close"}))
    assert wire.connection.counts.resets == {Direction.RECEIVED: 2, Direction.SENT: 1}
    assert wire.connection.counts.faults == {Scope.CONNECTION: 0, Scope.STREAM: 1}


def test_faults() -> None:
    """A breach that ends the connection is counted; that we go is none."""
    wire = Wire()
    wire.send(data(2, b"x"))
    assert wire.connection.counts.faults == {Scope.CONNECTION: 1, Scope.STREAM: 0}
    assert hit(wire.connection.counts) == {}


def test_errors() -> None:
    """Calls that end in a gRPC error are counted by its status; those that are answered are not."""
    wire = Wire()
    wire.send(call(1) + headers(3, USUAL | {":path": "/no/such"}, end=True) + headers(5, grpc_timeout="soon"))
    found = {error: count for error, count in wire.connection.counts.errors.items() if count}
    assert found == {GrpcError.UNIMPLEMENTED: 1, GrpcError.INTERNAL: 1}


@both_loops
def test_streams_and_connections(loop: LoopFactory) -> None:
    """All there ever were: on connections that are open, and on those that are gone; by either path."""

    async def scenario() -> None:
        async with serving() as (server, address):
            for number in range(2):
                async with Client(address) as client:
                    await client.send(greeting() + b"".join(call(stream) for stream in range(1, 41, 2)))
                    await client.until(ended(39))
                    await client.send(headers(41))
                    await client.send(data(41, framed(b"x")))
                    await client.until(ended(41))
                    assert server.streams == 21
                    assert server.counts.streams == 21 * number
                while server.connections:  # noqa: ASYNC110 - nothing tells of it
                    await asyncio.sleep(0.001)
            assert (server.streams, server.counts.streams, server.counts.connections) == (0, 42, 2)

    run(scenario, loop)


@both_loops
def test_too_many_connections(loop: LoopFactory) -> None:
    """One more than there may be is counted, whoever has to go."""

    async def scenario() -> None:
        async with serving(limits=Limits(max_connections=1)) as (server, address), Client(address) as first:
            await first.send(greeting() + call(1))
            await first.until(ended(1))
            async with Client(address) as second:
                await second.rest()
            assert hit(server.counts) == {Limit.MAX_CONNECTIONS: 1}
            assert server.counts.connections == 2
            assert (server.streams, server.counts.streams) == (1, 0)

    run(scenario, loop)


@both_loops
def test_too_much_memory(loop: LoopFactory) -> None:
    """A connection that is closed since all hold too much is counted."""
    limits = Limits(stream_window_bytes=16 * MIB, max_total_buffer_bytes=MIB)

    async def scenario() -> None:
        async with serving(limits=limits) as (server, address), Client(address) as client:
            await client.send(greeting() + headers(1) + data(1, framed(bytes(8 * MIB))[: 16 * KIB], end=False))
            await client.send(data(1, bytes(16 * KIB), end=False) * 140)
            await client.until(has(frames.GOAWAY))
            assert hit(server.counts) == {Limit.MAX_TOTAL_BUFFER_BYTES: 1}

    run(scenario, loop)


@both_loops
def test_who_does_not_read(loop: LoopFactory) -> None:
    """Answers that pile up hold back, and then end, who does not read them; the end is counted once."""
    limits = Limits(write_buffer_bytes=64 * KIB, unsent_seconds=0.2)

    async def scenario() -> None:
        async with (
            serving(answer=lambda _message, _seconds: bytes(15_000), limits=limits) as (server, address),
            Client(address) as client,
        ):
            calls = b"".join(call(stream) for stream in range(1, 2001, 2))
            sending = asyncio.ensure_future(client.send(greeting({4: 2**31 - 1}) + window_update(0, 2**30) + calls))
            client.pause()
            while server.connections:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            found = hit(server.counts)
            assert set(found) == {Limit.WRITE_BUFFER_BYTES, Limit.UNSENT_SECONDS}
            assert found[Limit.UNSENT_SECONDS] == 1

    run(scenario, loop)
