"""The native server, spoken to by clients that others wrote: grpcio, its health stubs, and ``h2``."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import grpc
import h2.config
import h2.connection
import h2.events
import h2.settings
import pytest
from grpc_health.v1 import health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from sidecar.transport.address import TcpAddress
from sidecar.transport.native.server import NativeServer
from sidecar.transport.service import SERVICE
from sidecar.transport.tracing import Answer
from transport.native.client import run, serving
from transport.native.wire import CHECK, echo, framed

SERVING, NOT_SERVING = HealthCheckResponse.SERVING, HealthCheckResponse.NOT_SERVING


@asynccontextmanager
async def connected(
    answer: Answer = echo, options: list[tuple[str, int]] | None = None
) -> AsyncIterator[tuple[NativeServer, grpc.aio.Channel]]:
    """Serve, and give a grpcio channel to it."""
    limits = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    async with (
        serving(answer=answer) as (server, address),
        grpc.aio.insecure_channel(str(address), options=limits + (options or [])) as channel,
    ):
        yield server, channel


def check(channel: grpc.aio.Channel, **more: object) -> Awaitable[bytes]:
    """Call ``Check`` with bytes."""
    call = channel.unary_unary(CHECK.decode())  # type: ignore[call-arg]  # the serialisers may be left out
    message = more.pop("message", b"hello")
    return call(message, **more)  # type: ignore[arg-type]  # as above


def test_grpcio_s_calls_are_answered() -> None:
    """One after the other and many at once, small and large."""

    async def scenario() -> None:
        async with connected() as (_, channel):
            assert await check(channel) == b"hello"
            assert await check(channel, message=b"") == b""
            messages = [bytes((number,)) * (number * 1000) for number in range(100)]
            assert await asyncio.gather(*(check(channel, message=one) for one in messages)) == messages
            large = bytes(range(256)) * 32_768
            assert await check(channel, message=large) == large

    run(scenario)


@pytest.mark.parametrize("size", [9_000, 60_000, 500_000])
def test_large_metadata_is_no_grpc_error(size: int) -> None:
    """With tracing Envoy hands a client's tracestate on as metadata; a large one does not end the call."""

    async def scenario() -> None:
        async with connected() as (_, channel):
            for _ in range(3):
                assert await check(channel, metadata=[("tracestate", "a" * size)]) == b"hello"

    run(scenario)


def test_changing_metadata_is_no_trouble() -> None:
    """A client whose header blocks change the dynamic table with each call."""

    async def scenario() -> None:
        async with connected() as (_, channel):
            for number in range(300):
                assert await check(channel, metadata=[("traceparent", f"00-{number:032x}-01")]) == b"hello"

    run(scenario)


def test_statuses_are_understood() -> None:
    """Unknown methods, and a deadline."""

    async def hang() -> bytes:
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]  # never

    async def scenario() -> None:
        async with connected(lambda _message, _seconds: hang()) as (_, channel):
            for path, status in (("/a.B/C", grpc.StatusCode.UNIMPLEMENTED), ("/é", grpc.StatusCode.UNIMPLEMENTED)):
                call = channel.unary_unary(path)  # type: ignore[call-arg]  # the serialisers may be left out
                with pytest.raises(grpc.aio.AioRpcError) as refused:
                    await call(b"")
                assert refused.value.code() is status
                assert (refused.value.details() or "").startswith("unknown method /")
            with pytest.raises(grpc.aio.AioRpcError) as late:
                await check(channel, timeout=0.1)
            assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED

    run(scenario)


def test_compression_is_refused_in_a_way_that_is_understood() -> None:
    """A client that compresses is told that we take none."""

    async def scenario() -> None:
        async with connected() as (_, channel):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await check(channel, message=bytes(1000), compression=grpc.Compression.Gzip)
            assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED

    run(scenario)


def test_pings_do_not_end_the_connection() -> None:
    """Envoy's keep-alive pings, more frequent than gRPC likes, are borne."""
    options = [("grpc.keepalive_time_ms", 20), ("grpc.http2.max_pings_without_data", 0)]

    async def scenario() -> None:
        async with connected(options=[*options, ("grpc.keepalive_permit_without_calls", 1)]) as (_, channel):
            for _ in range(8):
                assert await check(channel) == b"hello"
                await asyncio.sleep(0.05)

    run(scenario)


def test_health_stubs_are_answered() -> None:
    """Check and Watch, from serving to the end."""

    async def scenario() -> None:
        async with connected() as (server, channel):
            stub = health_pb2_grpc.HealthStub(channel)
            for service in ("", SERVICE):
                assert (await stub.Check(HealthCheckRequest(service=service))).status == SERVING
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stub.Check(HealthCheckRequest(service="another"))
            assert refused.value.code() is grpc.StatusCode.NOT_FOUND
            other = stub.Watch(HealthCheckRequest(service="another"))
            assert (await other.read()).status == HealthCheckResponse.SERVICE_UNKNOWN
            other.cancel()
            watching = stub.Watch(HealthCheckRequest(service=SERVICE))
            assert (await watching.read()).status == SERVING
            stopping = asyncio.ensure_future(server.stop(30))
            assert (await watching.read()).status == NOT_SERVING
            with pytest.raises(grpc.aio.AioRpcError) as gone:
                await watching.read()
            assert gone.value.code() is grpc.StatusCode.UNAVAILABLE
            await stopping

    run(scenario)


def test_grpcio_hears_that_the_server_stops() -> None:
    """Its calls under way are answered, and the server is left at once, without waiting for the time to be over."""

    async def scenario() -> None:
        go_on, begun = asyncio.Event(), asyncio.Event()

        async def held(message: bytes) -> bytes:
            begun.set()
            await go_on.wait()
            return message

        async with connected(lambda message, _seconds: held(message)) as (server, channel):
            under_way = asyncio.ensure_future(check(channel))
            await begun.wait()
            stopping = asyncio.ensure_future(server.stop(3600))
            await asyncio.sleep(0)
            go_on.set()
            assert await under_way == b"hello"
            await stopping
            assert server.connections == 0

    run(scenario)


class H2Client:
    """A client on ``h2``: as strict about what it gets as RFC 9113 is."""

    def __init__(self, address: TcpAddress) -> None:
        self._address = address
        self.connection = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=True, header_encoding="utf-8")
        )

    async def calls(self, messages: list[bytes]) -> dict[int, bytes]:
        """Make calls, all at once, and return the bodies of the answers."""
        reader, writer = await asyncio.open_connection(self._address.host, self._address.port)
        connection = self.connection
        fields = [(":method", "POST"), (":scheme", "http"), (":path", CHECK.decode()), (":authority", "authz")]
        for message in messages:
            stream = connection.get_next_available_stream_id()
            connection.send_headers(stream, [*fields, ("content-type", "application/grpc"), ("te", "trailers")])
            connection.send_data(stream, framed(message), end_stream=True)
        bodies = {1 + 2 * number: b"" for number in range(len(messages))}
        ended: set[int] = set()
        while len(ended) < len(messages):
            writer.write(connection.data_to_send())
            for event in connection.receive_data(await reader.read(65536)):
                assert not isinstance(event, h2.events.ConnectionTerminated | h2.events.StreamReset)
                if isinstance(event, h2.events.DataReceived):
                    bodies[event.stream_id or 0] += event.data or b""
                    connection.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id or 0)
                elif isinstance(event, h2.events.StreamEnded):
                    ended.add(event.stream_id or 0)
        writer.close()
        return bodies


def test_h2_finds_nothing_wrong() -> None:
    """Another implementation, which checks all that it receives, takes every answer; the dynamic table is in use."""

    async def scenario() -> None:
        async with serving() as (_, address):
            assert isinstance(address, TcpAddress)
            messages = [b"%d" % number * number for number in range(90)]
            client = H2Client(address)
            client.connection.initiate_connection()
            found = await client.calls(messages)
            assert found == {1 + 2 * number: framed(message) for number, message in enumerate(messages)}

    run(scenario)


def test_h2_s_small_windows_are_heeded() -> None:
    """It would say FLOW_CONTROL_ERROR of a byte too many."""

    async def scenario() -> None:
        async with serving(answer=lambda _message, _seconds: bytes(50_000)) as (_, address):
            assert isinstance(address, TcpAddress)
            client = H2Client(address)
            client.connection.initiate_connection()
            client.connection.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 1000})
            found = await client.calls([b"x"] * 10)
            assert {len(body) for body in found.values()} == {50_005}

    run(scenario)
