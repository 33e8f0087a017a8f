"""An OpenID provider on 127.0.0.1, over HTTPS under a CA of its own, that rotates keys and does whatever goes wrong.

It has a thread and an event loop to itself, so that sidecars in other processes can ask it as well as the test.
"""

import asyncio
import json
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sidecar.keys.remote.resolver import AddrInfo
from support.certificates import Authority

WELL_KNOWN = "/.well-known/openid-configuration"
JWKS = "/jwks"


@dataclass(frozen=True)
class Request:
    """What was asked."""

    path: str
    headers: dict[str, str]


@dataclass
class Conversation:
    """One request, for a fault to answer. ``good`` is what the provider would have said."""

    request: Request
    good: bytes
    writer: asyncio.StreamWriter


Fault = Callable[[Conversation], Awaitable[None]]


@dataclass
class Provider:
    """``keys`` are published. ``faults`` are by path, and take the place of the answer; ``""`` is for every path."""

    host: str
    authority: Authority | None
    certificate: Any
    keys: list[dict[str, Any]] = field(default_factory=list)
    faults: dict[str, Fault] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    cache_control: str = ""
    etags: bool = True
    path: str = ""  #: of the issuer
    metadata: dict[str, Any] = field(default_factory=dict)
    jwks_path: str = JWKS
    documents: dict[str, bytes] = field(default_factory=dict)  #: more, by path
    port: int = 0
    shown_port: int = 0  #: 443 where names and ports are looked up in the test

    @property
    def origin(self) -> str:
        """Return where it is."""
        scheme = "http" if self.certificate is None else "https"
        port = self.shown_port or self.port
        return f"{scheme}://{self.host}" + ("" if port == 443 else f":{port}")

    @property
    def issuer(self) -> str:
        """Return what its tokens say in ``iss``."""
        return self.origin + self.path

    def asked(self, path: str = JWKS) -> int:
        """Return how often ``path`` was asked for."""
        return sum(request.path.partition("?")[0] == path for request in self.requests)

    def look_up(self, _host: str, _port: int) -> Sequence[AddrInfo]:
        """Find every name here."""
        return [(2, 1, 6, "", ("127.0.0.1", self.port))]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request, and close."""
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = {
                    name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])
                }
                request = Request(lines[0].split(" ")[1], headers)
                self.requests.append(request)
                talk = Conversation(request, self._answer(request), writer)
                fault = self.faults.get(request.path) or self.faults.get("")
                if fault is not None:
                    await fault(talk)
                else:
                    writer.write(talk.good)
                await writer.drain()
        finally:
            # Also where it was cancelled, since the test is over.
            writer.close()

    def _answer(self, request: Request) -> bytes:
        if request.path == self.path.removesuffix("/") + WELL_KNOWN:
            document = {"issuer": self.issuer, "jwks_uri": self.origin + self.jwks_path} | self.metadata
            return response(json.dumps(document).encode())
        if request.path != self.jwks_path and request.path not in self.documents:
            return response(b"{}", status="404 Not Found")
        body = self.documents.get(request.path) or json.dumps({"keys": self.keys}).encode()
        extra = {"cache-control": self.cache_control} if self.cache_control else {}
        if self.etags:
            extra["etag"] = f'"{hash(body):x}"'
            if request.headers.get("if-none-match") == extra["etag"]:
                return response(b"", status="304 Not Modified", headers=extra)
        return response(body, headers=extra)


def response(body: bytes, status: str = "200 OK", headers: dict[str, str] | None = None) -> bytes:
    """Return an HTTP response."""
    fields = {"content-type": "application/json", "content-length": str(len(body)), "connection": "close"}
    fields |= headers or {}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


@contextmanager
def running_provider(
    folder: Path,
    *,
    host: str = "localhost",
    tls: bool = True,
    days: int = 1,
    hosts: Sequence[str] = (),
    **fields: Any,  # noqa: ANN401
) -> Iterator[Provider]:
    """Run a provider until the context closes. ``days``: until its certificate expires, from now."""
    authority = Authority(folder, "provider-ca") if tls else None
    files = authority.sign("provider", hosts=[host, *hosts], days=days) if authority else None
    provider = Provider(host, authority, files, **fields)
    context = None
    if files is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(files.certificate, files.key)
    loop, started, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def run() -> None:
        server = await asyncio.start_server(provider.serve, "127.0.0.1", 0, ssl=context)
        provider.port = server.sockets[0].getsockname()[1]
        started.set()
        await stop.wait()
        server.close()

    def work() -> None:
        # A client that goes away in the middle of a handshake is no news here.
        loop.set_exception_handler(lambda _loop, _context: None)
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(run())
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            # What was closed last is gone a few turns later, those with TLS some more.
            loop.run_until_complete(asyncio.sleep(0.05))
        finally:
            loop.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert started.wait(30)
    try:
        yield provider
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(30)
