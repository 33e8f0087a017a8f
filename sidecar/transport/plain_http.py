"""HTTP/1.1 by aiohttp, without its router: what listens for people and probes (``http``), and for proxies, share it.

Parser, ``RequestHandler`` and ``BaseRequest`` are used alone, so that a target means what it says.
"""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader


def plain_server(answer: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], body_bytes: int) -> web.Server:
    """Return what connections, in the loop that runs, ask for answers. Of a body ``body_bytes`` are read at most."""
    loop = asyncio.get_running_loop()

    def request(
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: web.RequestHandler,
        writer: AbstractStreamWriter,
        task: "asyncio.Task[None]",
    ) -> web.BaseRequest:
        return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=body_bytes)

    return web.Server(answer, request_factory=request)
