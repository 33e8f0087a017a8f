"""The front for HTTP in the test's own process, and requests as each proxy makes them of a client's."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from sidecar.core.check import Checker
from sidecar.core.trust import Trust
from sidecar.engine.engine import Engine, Services
from sidecar.transport.address import TcpAddress
from sidecar.transport.forward_auth.asked import Call
from sidecar.transport.forward_auth.connection import Limits
from sidecar.transport.forward_auth.profile import PRESETS, Proxy
from sidecar.transport.forward_auth.server import ForwardAuth, ForwardAuthServer
from sidecar.transport.native.listening import SocketOptions
from sidecar.verify.inline import verify_inline
from support.tokens import NOW
from support.trusts import trust

Fields = Sequence[tuple[str, str]]
PROXIES: tuple[Proxy, ...] = ("nginx", "traefik", "envoy")


def proxied(  # noqa: PLR0913 - one a field
    proxy: Proxy,
    *,
    method: str = "GET",
    target: str = "/orders",
    host: str = "api.example",
    peer: str = "192.0.2.7",
    headers: Fields = (),
) -> Call:
    """Return what ``proxy`` asks us about a client's request; text is ISO 8859-1, a character a byte."""
    if proxy == "envoy":
        said = [("host", host), ("x-forwarded-proto", "https"), ("content-length", "0")]
        return _call(method, f"/check{target}", (*said, *headers))
    said = [("host", "authz"), ("x-forwarded-host", host), ("x-forwarded-proto", "https")]
    if proxy == "nginx":
        said += [("x-original-method", method), ("x-original-uri", target), ("x-real-ip", peer)]
    else:
        said += [("x-forwarded-method", method), ("x-forwarded-uri", target), ("x-forwarded-for", peer)]
    return _call("GET", "/check", (*said, *headers))


def _call(method: str, target: str, fields: Fields) -> Call:
    return Call(method, target.encode("latin-1"), [(name, value.encode("latin-1")) for name, value in fields])


def written(call: Call) -> bytes:
    """Return a request as it goes over the wire."""
    lines = [b"%s %s HTTP/1.1" % (call.method.encode(), call.target)]
    lines += [b"%s: %s" % (name.encode(), value) for name, value in call.headers]
    return b"\r\n".join([*lines, b"", b""])


def engine_of(in_force: Trust) -> Engine:
    """Return an engine of one Trust, in which it is ``NOW``."""
    return Engine(Checker(lambda: in_force), Services(verify_inline), lambda: NOW, lambda: "api")


def forward_auth(proxy: Proxy, in_force: Trust | None = None) -> ForwardAuth:
    """Return the front of one Trust, without sockets."""
    used = in_force or trust()
    return ForwardAuth(engine_of(used), PRESETS[proxy], 20.0, lambda: used.response)


class Answer(NamedTuple):
    """An HTTP answer, with all values of a header."""

    status: int
    headers: dict[str, list[str]]
    body: bytes


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, request: bytes) -> Answer:
        """Send bytes, and read one answer."""
        self.writer.write(request)
        return await self.answer()

    async def answer(self) -> Answer:
        """Read one answer; raises ``asyncio.IncompleteReadError`` where the connection ends instead."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("utf-8").split("\r\n")
        headers: dict[str, list[str]] = {}
        for line in filter(None, head[1:]):
            name, _, value = line.partition(":")
            headers.setdefault(name.lower(), []).append(value.strip())
        body = await self.reader.readexactly(int(headers.get("content-length", ["0"])[0]))
        return Answer(int(head[0].split()[1]), headers, body)

    async def is_closed(self) -> bool:
        """Say whether nothing comes any more but the end."""
        try:
            return await self.reader.read() == b""
        except ConnectionError:
            return True


@asynccontextmanager
async def serving(front: ForwardAuth, limits: Limits | None = None) -> AsyncIterator[ForwardAuthServer]:
    """Serve on a free port; ``connected`` connects to it."""
    server = ForwardAuthServer(front, limits or Limits(), SocketOptions())
    await server.start(TcpAddress("127.0.0.1", 0))
    try:
        yield server
    finally:
        await server.stop(5)


@asynccontextmanager
async def connected(server: ForwardAuthServer) -> AsyncIterator[Client]:
    """Connect to a server."""
    address = server.address
    assert isinstance(address, TcpAddress)
    reader, writer = await asyncio.open_connection(address.host, address.port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()
