"""What is counted of requests over HTTP: each once, by what became of it."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from sidecar.observe.forward_auth_meter import ACCEPTED, LIMIT, REQUEST, ForwardAuthMeter
from sidecar.observe.forward_auth_series import HttpEnd, HttpLimit
from sidecar.transport.address import UnixAddress
from sidecar.transport.forward_auth.connection import Limits
from sidecar.transport.forward_auth.server import ForwardAuth, ForwardAuthServer
from sidecar.transport.native.listening import SocketOptions
from support.forward_auth import connected, forward_auth, proxied, serving, written
from support.fronts import run
from support.tokens import mint

_GOOD = [("authorization", f"Bearer {mint()}")]
_ASKED = written(proxied("nginx", headers=_GOOD))


def _found(front: ForwardAuth) -> dict[HttpEnd, int]:
    return {end: count for end, count in front.counts.requests.items() if count}


def test_each_request_is_counted_once() -> None:
    """By its end; what was denied without being asked has ends of its own."""

    async def scenario() -> None:
        front = forward_auth("nginx")
        await front.answer(proxied("nginx", headers=_GOOD))
        for _ in range(2):
            await front.answer(proxied("nginx"))
        await front.answer(proxied("nginx")._replace(target=b"/elsewhere"))
        await front.answer(proxied("nginx", headers=[("x.auth.subject", "root")]))
        await front.answer(proxied("nginx", headers=[("x-forwarded-method", "DELETE")]))
        front.too_large()
        assert _found(front) == {
            HttpEnd.ALLOWED: 1,
            HttpEnd.DENIED: 2,
            HttpEnd.UNREADABLE: 1,
            HttpEnd.FORGED: 2,
            HttpEnd.TOO_LARGE: 1,
        }

    run(scenario())


def test_what_could_not_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is denied, and neither allowed nor denied by the engine."""

    async def scenario() -> None:
        front = forward_auth("traefik")
        monkeypatch.setattr(front._engine, "begin", lambda *_: b"\xff")
        assert (await front.answer(proxied("traefik"))).status == 403
        assert _found(front) == {HttpEnd.UNCARRIED: 1}

    run(scenario())


def test_connections_and_those_that_a_limit_ended() -> None:
    """One too many; what is no HTTP is a request that cannot be read."""

    async def scenario() -> None:
        front = forward_auth("nginx")
        async with serving(front, Limits(connections=2)) as server, AsyncExitStack() as others:
            for _ in range(3):
                client = await others.enter_async_context(connected(server))
                assert (await client.ask(_ASKED)).status == 200
            assert front.counts.limits == {HttpLimit.MAX_CONNECTIONS: 1, HttpLimit.WRITE_SECONDS: 0}
            assert (await client.ask(b"nonsense\r\n\r\n")).status == 503
            assert (front.counts.connections, _found(front)) == (3, {HttpEnd.ALLOWED: 3, HttpEnd.UNREADABLE: 1})

    run(scenario())


def test_answers_that_nobody_takes(tmp_path: Path) -> None:
    """Once no more of them fit between the two, the connection is ended for it; small ones add up."""
    asked = written(proxied("nginx", headers=[("authorization", f"Bearer {mint(sub='x' * 2000)}")]))

    async def scenario() -> None:
        front = forward_auth("nginx")
        # Of a Unix socket the kernel's buffers are small.
        server = ForwardAuthServer(front, Limits(write_seconds=0.2), SocketOptions())
        await server.start(UnixAddress(str(tmp_path / "s")))
        _, writer = await asyncio.open_unix_connection(tmp_path / "s")
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's
        sent = 0
        while not front.counts.limits[HttpLimit.WRITE_SECONDS]:
            # One at a time: it must not be for too many bytes.
            if front.counts.requests[HttpEnd.ALLOWED] == sent:
                writer.write(asked)
                sent += 1
            await asyncio.sleep(0)
        assert _found(front) == {HttpEnd.ALLOWED: front.counts.requests[HttpEnd.ALLOWED]}
        writer.transport.abort()
        await server.stop(5)

    run(scenario())


def test_counters_grow_by_what_came() -> None:
    """What was published once is not added again."""

    class _Row:
        def __init__(self) -> None:
            self.cells: dict[int, int] = {}

        def add(self, index: int, amount: int) -> None:
            self.cells[index] = self.cells.get(index, 0) + amount

    async def scenario() -> None:
        row, front = _Row(), forward_auth("nginx")
        meter = ForwardAuthMeter(row)  # type: ignore[arg-type]  # all that it does
        for _ in range(2):
            await front.answer(proxied("nginx", headers=_GOOD))
            meter.publish(front.counts)
            meter.publish(front.counts)
            await asyncio.sleep(0)
        assert row.cells[REQUEST[HttpEnd.ALLOWED]] == 2
        assert len({ACCEPTED, *REQUEST.values(), *LIMIT.values()}) == len(row.cells)

    run(scenario())
