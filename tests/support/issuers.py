"""An issuer that is asked about opaque tokens: a real HTTPS server, whose behaviour a test decides."""

import asyncio
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from sidecar.core.introspection import Client, Introspection, Reference
from support.certificates import Authority
from support.tokens import AUDIENCE, ISSUER

Behaviour = Callable[[web.Request], Awaitable[web.StreamResponse]]
CLIENT = Client("client_secret_basic", "side:car", Reference("file", "secret.txt"))
SECRET = "s3cret with spaces+"


@dataclass
class Asked:
    """One question as it arrived."""

    form: dict[str, Any]
    headers: dict[str, str]


@dataclass
class FakeIssuer:
    """``behaviour`` answers; ``asked`` has all questions. ``folder`` has ``ca.pem`` and ``secret.txt``."""

    folder: Path
    url: str = ""
    behaviour: Behaviour = field(default_factory=lambda: says(active()))
    asked: list[Asked] = field(default_factory=list)
    arrived: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))  #: one for each question

    def introspection(self, **changes: Any) -> Introspection:  # noqa: ANN401 - any field
        """Return what asks here, with ``changes``."""
        fields: dict[str, Any] = {"url": self.url, "client": CLIENT, "ca_file": "ca.pem", "allow_private": True}
        return Introspection(**fields | changes)


def active(**changes: object) -> dict[str, object]:
    """Return a good answer with ``changes``; one that is ``...`` is left out."""
    good: dict[str, object] = {"active": True, "sub": "alice", "aud": AUDIENCE, "exp": 4_000_000_000, "iss": ISSUER}
    return {name: value for name, value in (good | changes).items() if value is not ...}


def yes(**changes: object) -> Behaviour:
    """Answer that a token is active."""
    return says(active(**changes))


def says(body: object, status: int = 200, **headers: str) -> Behaviour:
    """Answer with this body, as JSON unless it is bytes."""

    async def behave(_: web.Request) -> web.StreamResponse:
        if isinstance(body, bytes):
            return web.Response(body=body, status=status, headers={"content-type": "application/json", **headers})
        return web.json_response(body, status=status, headers=headers)

    return behave


@asynccontextmanager
async def serving_issuer(folder: Path, days: int = 1) -> AsyncIterator[FakeIssuer]:
    """Serve in the loop that runs. ``days``: until its certificate expires, from now."""
    issuer = FakeIssuer(folder)

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        assert isinstance(request, web.Request)
        body = await request.json() if request.content_type == "application/json" else dict(await request.post())
        issuer.asked.append(Asked(body, {name.lower(): value for name, value in request.headers.items()}))
        issuer.arrived.release()
        return await issuer.behaviour(request)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=_tls(folder, days))
    await site.start()
    issuer.url = f"https://127.0.0.1:{runner.addresses[0][1]}/introspect"
    try:
        yield issuer
    finally:
        await runner.cleanup()


@contextmanager
def running_issuer(folder: Path) -> Iterator[FakeIssuer]:
    """Serve in a thread of its own, for a sidecar in other processes."""
    started: list[FakeIssuer] = []
    ready, loop = threading.Event(), asyncio.new_event_loop()

    async def serve() -> None:
        stop = asyncio.Event()
        stops.append(lambda: loop.call_soon_threadsafe(stop.set))
        async with serving_issuer(folder) as issuer:
            started.append(issuer)
            ready.set()
            await stop.wait()

    stops: list[Callable[[], object]] = []
    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(20)
    try:
        yield started[0]
    finally:
        stops[0]()
        thread.join()
        loop.close()


def _tls(folder: Path, days: int) -> ssl.SSLContext:
    authority = Authority(folder, "ca")
    files = authority.sign("server", days=days)
    (folder / "secret.txt").write_text(SECRET + "\n", encoding="utf-8")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    return context
