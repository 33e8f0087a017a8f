"""A server that is stopped alone says NOT_SERVING and GOAWAY to whoever is connected to it; the others say neither."""

import asyncio
import signal
from pathlib import Path

import grpc
import pytest

from sidecar.transport.address import parse
from sidecar.transport.native import frames
from support.fronts import run
from support.processes import eventually
from support.sidecars import Sidecar, running_sidecar
from transport.native.client import Client, has
from transport.native.wire import USUAL, data, framed, greeting, headers, replies

WATCH = "/grpc.health.v1.Health/Watch"
#: HealthCheckResponse with SERVING, and with NOT_SERVING.
SERVING, NOT_SERVING = b"\x08\x01", b"\x08\x02"
_PING = frames.frame(frames.PING, 0, 0, b"are you?")


@pytest.mark.parametrize("transport", ["native", "grpcio"])
def test_one_server_that_leaves_says_so(short_folder: Path, transport: str) -> None:
    """A Watch is told NOT_SERVING and a connection GOAWAY by the server that leaves, and by none of the others."""
    with running_sidecar(short_folder, environment={"AUTHZ_TRANSPORT": transport}) as sidecar:
        assert eventually(sidecar.is_ready)
        run(_leaving(sidecar))


async def _leaving(sidecar: Sidecar) -> None:
    leaving, other = (parse(address) for address in sidecar.addresses)
    async with (
        grpc.aio.insecure_channel(str(leaving)) as channel,
        Client(leaving) as told,
        Client(other) as spared,
    ):
        watch = channel.unary_stream(WATCH)(b"")  # type: ignore[call-arg]  # the serialisers may be left out
        assert await watch.read() == SERVING
        for client in (told, spared):
            await client.send(greeting() + headers(1, USUAL | {":path": WATCH}) + data(1, framed(b"")))
            assert _watched(await client.until(has(frames.DATA))) == framed(SERVING)
        old = sidecar.kill("server-0", signal.SIGTERM)
        assert await watch.read() == NOT_SERVING
        received = await told.until(lambda so_far: has(frames.GOAWAY)(so_far) and has(frames.DATA, 2)(so_far))
        assert _watched(received) == framed(SERVING) + framed(NOT_SERVING)
        assert {one.payload[4:8] for one in received if one.kind == frames.GOAWAY} == {bytes(4)}  # NO_ERROR
        assert await asyncio.to_thread(eventually, lambda: _is_replaced(sidecar, old))
        await spared.send(_PING)
        received = await spared.until(lambda so_far: any(one.payload == b"are you?" for one in so_far))
        assert not has(frames.GOAWAY)(received)
        assert _watched(received) == framed(SERVING)


def _watched(received: list[frames.Frame]) -> bytes:
    """Return the messages of the Watch on stream 1, as they are framed."""
    return replies(received)[1].body


def _is_replaced(sidecar: Sidecar, old: int) -> bool:
    try:
        return sidecar.is_ready() and sidecar.pid("server-0") != old
    except ProcessLookupError:
        return False
