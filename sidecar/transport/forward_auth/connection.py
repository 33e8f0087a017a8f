"""One proxy's connection: HTTP/1.1 by aiohttp, of which nothing else here knows.

Parser and writer are used, and no router: what aiohttp would say of errors by itself is said by the engine.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web

from sidecar.transport.forward_auth.asked import Call
from sidecar.transport.forward_auth.told import Told
from sidecar.transport.plain_http import plain_server

#: What no parser takes for HTTP. With it a request ends whose headers are too many bytes.
_NO_HTTP = b"\0\r\n\r\n"
#: Seconds in which a body that nobody asked for may still come.
_LINGER_SECONDS = 0.1
#: Nobody reads one.
_BODY_BYTES = 1


@dataclass(frozen=True, slots=True)
class Limits:
    """What one server's callers may take; ``settings.forward_auth`` says the reason for each default."""

    connections: int = 1024
    header_bytes: int = 96 * 1024
    headers: int = 256
    idle_seconds: float = 120.0
    write_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Answering:
    """What answers: a request; what is no HTTP, or has too many bytes, at once."""

    call: Callable[[Call], Awaitable[Told]]
    unreadable: Callable[[], Told]
    too_large: Callable[[], Told]


class Ends(Protocol):
    """Is told of connections."""

    def opened(self, connection: "Connection") -> None:
        """Note one that begins."""

    def closed(self, connection: "Connection") -> None:
        """Note one that has ended."""

    def held_up(self) -> None:
        """Note one that is ended, since nobody took an answer in time."""


class Connection(web.RequestHandler):
    """A connection, for one request after the other."""

    def __init__(self, server: web.Server, limits: Limits, answering: Answering, ends: Ends) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type] # as aiohttp's own runner may be told
            keepalive_timeout=limits.idle_seconds,
            max_line_size=limits.header_bytes,
            max_field_size=limits.header_bytes,
            max_headers=limits.headers,
            lingering_time=_LINGER_SECONDS,
            auto_decompress=False,
        )
        self._limits, self._answering, self._ends = limits, answering, ends
        self._bytes = 0
        self._is_too_large = False

    @property
    def is_idle(self) -> bool:
        """Say whether no request is under way."""
        return not self._request_in_progress

    def abort(self) -> None:
        """End it at once, whatever is still to be written."""
        if self.transport is not None:
            self.transport.abort()

    def _give_up(self) -> None:
        self._ends.held_up()
        self.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        super().connection_made(transport)
        self._ends.opened(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Note that it has ended."""
        super().connection_lost(exc)
        self._ends.closed(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes: of the requests that are not answered yet no more than the limit."""
        self._bytes += len(data)
        if self._bytes > self._limits.header_bytes and not self._is_too_large:
            self._is_too_large, data = True, _NO_HTTP
        elif self._is_too_large:
            return
        super().data_received(data)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no HTTP as the engine does."""
        del request, status, exc, message
        made = response_of(self._answering.too_large() if self._is_too_large else self._answering.unreadable())
        made.force_close()
        return made

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Write the answer: to a peer that reads it in time."""
        # Bytes of requests that came before this answer are counted no more: it is twice the limit at the most.
        self._bytes = 0
        timer = asyncio.get_running_loop().call_later(self._limits.write_seconds, self._give_up)
        try:
            return await super().finish_response(request, resp, start_time)
        finally:
            timer.cancel()


def serving(answering: Answering) -> web.Server:
    """Return what a ``Connection`` asks for answers."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        headers = tuple((name.decode("latin-1").lower(), value) for name, value in request.raw_headers)
        target = request.raw_path.encode("utf-8", "surrogateescape")
        made = response_of(await answering.call(Call(request.method, target, headers)))
        # What comes next may be no request. After a body neither: aiohttp 3.14's parser takes its last trailer for a
        # header of the request behind it.
        message = request._message  # noqa: SLF001 - aiohttp has no other way to ask
        if message.upgrade or message.chunked or request.body_exists:
            made.force_close()
        return made

    return plain_server(answer, _BODY_BYTES)


def response_of(told: Told) -> web.Response:
    """Return the answer as aiohttp has it. Of ours is ``server``, which would name versions."""
    headers = [("server", "ext-authz-sidecar"), *told.headers]
    return web.Response(status=told.status, body=told.body, headers=headers)
