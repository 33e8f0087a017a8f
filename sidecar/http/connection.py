"""One connection's HTTP/1.1, by aiohttp: bytes to ``Call``, ``Answer`` to bytes. Nothing else here knows aiohttp.

Of aiohttp only parser and writer are used (``transport.plain_http``), and no errors of its own, which would quote what
was sent and name its version.
"""

import asyncio
import logging

from aiohttp import web

from sidecar.http.message import Answer, Call, Page, Rejection, text
from sidecar.transport.plain_http import plain_server

#: Bytes of the request line, and of one header's value.
MAX_LINE_BYTES = 4096
MAX_HEADERS = 64
MAX_BODY_BYTES = 65536
#: Every answer has them. ``server`` stands in for aiohttp's, which would name versions.
_HEADERS = (
    ("server", "ext-authz-sidecar"),
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
)
#: Seconds that an answer which did not wait for the body (405, 413, 401) has to get through.
_LINGER_SECONDS = 1.0
_log = logging.getLogger(__name__)


class Connection(web.RequestHandler):
    """A connection that serves one request. ``closed`` is done when it has ended."""

    def __init__(self, server: web.Server, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            server,
            loop=loop,
            access_log=None,  # type: ignore[arg-type] # as aiohttp's own runner may be told
            max_line_size=MAX_LINE_BYTES,
            max_field_size=MAX_LINE_BYTES,
            max_headers=MAX_HEADERS,
            lingering_time=_LINGER_SECONDS,
            auto_decompress=False,
        )
        self.closed: asyncio.Future[None] = loop.create_future()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Note that it has ended."""
        super().connection_lost(exc)
        if not self.closed.done():
            self.closed.set_result(None)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no HTTP, in our own words."""
        del request, message
        _log.debug("no HTTP: %r", exc)
        return _response(text(status, "bad request" if status < 500 else "internal error"))  # noqa: PLR2004 - 5xx


def serving(page: Page) -> web.Server:
    """Return what a ``Connection`` asks for answers: ``page``, with its errors made answers."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        try:
            return _response(await page(_call(request)))
        except Rejection as rejection:
            return _response(rejection.answer)
        except Exception:  # noqa: BLE001 - logged, and answered without a word of it
            _log.exception("a page failed")
            return _response(text(500, "internal error; see the log"))

    return plain_server(answer, MAX_BODY_BYTES)


def _call(request: web.BaseRequest) -> Call:
    async def read() -> bytes:
        try:
            return await request.read()
        except web.HTTPRequestEntityTooLarge:
            raise Rejection(413, f"more than {MAX_BODY_BYTES} bytes") from None

    path, _, query = request.raw_path.partition("?")
    headers = tuple((name.lower(), value) for name, value in request.headers.items())
    return Call(request.method, path, query, headers, read)


def _response(answer: Answer) -> web.Response:
    headers = dict((*_HEADERS, *answer.headers, ("content-type", answer.content_type)))
    response = web.Response(status=answer.status, body=answer.body, headers=headers)
    response.force_close()
    return response
