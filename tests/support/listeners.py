"""Listeners on real sockets, and clients that do what no client library would."""

import asyncio
import logging
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sidecar.http.admin import Route
from sidecar.http.guard import TokenFile
from sidecar.http.listeners import Access, admin_listener, probe_listener
from sidecar.http.message import Answer, document
from sidecar.http.server import Limits, Listener
from sidecar.observe.condition import Condition
from sidecar.transport.address import Address, TcpAddress, UnixAddress

LOOPBACK = TcpAddress("127.0.0.1", 0)
PATIENT = Limits(connections=8, seconds=60.0)
METRICS = b"# HELP authz_up Whether it is.\n# TYPE authz_up gauge\nauthz_up 1.0\n"
OPENMETRICS = METRICS + b"# EOF\n"
TOKEN = "0123456789abcdef0123456789abcdef"
CONFIGURATION: dict[str, object] = {"log_level": "info", "client_secret": "hunter2"}


@dataclass
class Facts:
    """Health and metrics, as a test wants them."""

    live: Sequence[Condition] = (Condition("control", ok=True), Condition("supervisor", ok=True))
    ready: Sequence[Condition] = (Condition("keys", ok=True), Condition("server-0", ok=True))
    metrics: bytes = METRICS
    asked: list[str] = field(default_factory=list)

    def liveness(self) -> Sequence[Condition]:
        """Return the conditions."""
        return self.live

    def readiness(self) -> Sequence[Condition]:
        """Return the conditions."""
        return self.ready

    def exposition(self) -> bytes:
        """Return the metrics."""
        return self.metrics

    def openmetrics(self) -> bytes:
        """Return them in the other format."""
        return self.metrics + b"# EOF\n"


class Broken(Facts):
    """Facts that cannot be told."""

    def readiness(self) -> Sequence[Condition]:
        """Fail, with a secret in the error."""
        raise RuntimeError("hunter2")


async def _echo(body: bytes) -> Answer:
    return document(200, {"got": len(body)})


async def _fail(_: bytes) -> Answer:
    raise RuntimeError("hunter2")


ROUTES = (Route("POST", "/echo", _echo), Route("GET", "/fail", _fail))


@asynccontextmanager
async def started(listener: Listener) -> AsyncIterator[Listener]:
    """Run a listener."""
    await listener.start()
    try:
        yield listener
    finally:
        await listener.stop()


def probes(facts: Facts | None = None, limits: Limits = PATIENT) -> Listener:
    """Return a probe listener on a free port."""
    known = facts or Facts()
    return probe_listener(LOOPBACK, known, known, limits)


def admin(address: Address, access: Access | None = None, **others: Any) -> Listener:  # noqa: ANN401 - any option
    """Return an admin listener."""
    options: dict[str, Any] = {"limits": PATIENT, "routes": ROUTES} | others
    return admin_listener(address, access or Access(), lambda: CONFIGURATION, **options)


def token_file(folder: Path, token: str = TOKEN) -> TokenFile:
    """Write a token, as a mounted secret has it."""
    path = folder / "token"
    path.write_text(f"{token}\n")
    return TokenFile(str(path))


@contextmanager
def folder() -> Iterator[Path]:
    """Make a folder whose name is short enough for sockets in it."""
    with tempfile.TemporaryDirectory(prefix="h-") as made:
        yield Path(made)


@dataclass(frozen=True)
class Reply:
    """What came back until the server closed the connection, taken apart."""

    raw: bytes

    @property
    def status(self) -> int:
        """Return the status, 0 where there was no answer."""
        return int(self.raw.split(b" ", 2)[1]) if self.raw else 0

    @property
    def body(self) -> str:
        """Return the body."""
        return self.raw.partition(b"\r\n\r\n")[2].decode()

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers, with lower-case names; each must be there once."""
        lines = self.raw.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        pairs = [(name.lower(), value) for name, _, value in (line.partition(": ") for line in lines)]
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)


async def connect(listener: Listener, **options: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:  # noqa: ANN401
    """Open a connection to a listener."""
    address = listener.address
    if isinstance(address, UnixAddress):
        return await asyncio.open_unix_connection(address.path, **options)
    return await asyncio.open_connection(address.host, address.port, **options)


async def send(listener: Listener, request: bytes, **options: Any) -> Reply:  # noqa: ANN401 - of open_connection
    """Send bytes, and return all that comes back until the server ends the connection."""
    reader, writer = await connect(listener, **options)
    try:
        writer.write(request)
        await writer.drain()
        return Reply(await reader.read())
    except (ConnectionError, ssl.SSLError):
        return Reply(b"")
    finally:
        writer.close()


async def get(  # the usual request, and all that may be odd about it
    listener: Listener,
    target: str,
    *headers: str,
    method: str = "GET",
    body: str = "",
    **options: Any,  # noqa: ANN401 - of open_connection
) -> Reply:
    """Send a request with ``Host: localhost`` and these headers."""
    length = [f"Content-Length: {len(body)}"] if body else []
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *headers, *length, "", body]
    return await send(listener, "\r\n".join(lines).encode("utf-8", "surrogateescape"), **options)


def run(
    test: Callable[[], Awaitable[None]], loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None
) -> None:
    """Run a coroutine on a loop of its own, on which nothing may go wrong unseen."""

    async def watched() -> None:
        problems: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(context))
        await test()
        assert problems == []

    logging.getLogger("asyncio").setLevel(logging.WARNING)
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(watched())
