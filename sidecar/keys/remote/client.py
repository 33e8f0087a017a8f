"""One HTTP GET at a time, with every limit on it: who is talked to, for how long, and how much they may say.

No redirects, no proxies and no netrc out of the environment, no cookies, no compression. A connection lasts for one
look at a source: there are minutes between two, and so renewed CA files and moved addresses count at once.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import Connection

from sidecar.keys.regular_file import must_be_regular
from sidecar.keys.remote.resolver import (
    AddressRefusedError,
    AddrInfo,
    LookUp,
    allowed_addresses,
    check_address,
    system_look_up,
)
from sidecar.keys.remote.trouble import FetchError, Trouble
from sidecar.keys.remote.url import Url

_OK, _NOT_MODIFIED = 200, 304
_CHUNK = 16 * 1024


@dataclass(frozen=True, slots=True)
class Access:
    """How a source is asked. ``timeout`` is for one look at it, all requests together, in seconds."""

    timeout: float
    max_bytes: int
    ca_file: Path | None = None
    bearer_token_file: Path | None = None
    allow_http: bool = False
    allow_private: bool = False
    accept: str = "application/json"
    look_up: LookUp = field(default=system_look_up, compare=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``body`` is ``None`` for 304. ``headers`` have names in small letters."""

    body: bytes | None
    headers: Mapping[str, str]


@dataclass(slots=True)
class Client:
    """Asks. ``certificate_expires_at``: of the last server that showed one, in seconds since the epoch."""

    access: Access
    session: aiohttp.ClientSession = field(init=False)
    certificate_expires_at: float | None = None

    async def get(self, url: Url, headers: Mapping[str, str]) -> Answer:
        """Ask for ``url``; raises ``FetchError``."""
        try:
            response = await self.session.get(url.text, headers=headers, allow_redirects=False)
            try:
                return await self._read(response, url, conditional="if-none-match" in headers)
            finally:
                response.close()
        except (OSError, aiohttp.ClientError, ValueError) as error:
            raise _explained(error, url) from None

    async def _read(self, response: aiohttp.ClientResponse, url: Url, *, conditional: bool) -> Answer:
        named = {name.lower(): value for name, value in response.headers.items()}
        if response.status == _NOT_MODIFIED and conditional:
            return Answer(None, named)
        if response.status != _OK:
            raise _status(response.status, url)
        if named.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise FetchError(Trouble.ENCODED, f"{url.shown}: is compressed, which was not asked for (RFC 9110, 12.5.3)")
        return Answer(await self._body(response, url), named)

    async def _body(self, response: aiohttp.ClientResponse, url: Url) -> bytes:
        most, body = self.access.max_bytes, bytearray()
        if (response.content_length or 0) <= most:
            async for chunk in response.content.iter_chunked(_CHUNK):
                body += chunk
                if len(body) > most:
                    break
            else:
                return bytes(body)
        raise FetchError(Trouble.TOO_LARGE, f"{url.shown}: is larger than {most} bytes")


@asynccontextmanager
async def opened(access: Access) -> AsyncIterator[Client]:
    """Yield a client for one look at a source; all of it takes ``access.timeout`` at the most.

    Raises ``FetchError``, where the time is over or the CA file cannot be used.
    """
    try:
        async with asyncio.timeout(access.timeout):
            context = await asyncio.to_thread(_context, access.ca_file)
            client, transports = Client(access), list[asyncio.Transport]()
            try:
                async with _session(access, context, _response_class(client, transports)) as client.session:
                    yield client
            finally:
                # At once: TLS's own good-bye waits for the other side, which has said what it had to.
                for transport in transports:
                    with suppress(AttributeError):  # of one that is over already, in Python up to 3.11.4
                        transport.abort()
    except TimeoutError:
        raise FetchError(Trouble.TIMEOUT, f"no answer within {access.timeout:g} s") from None


def _session(
    access: Access, context: ssl.SSLContext, response_class: type[aiohttp.ClientResponse]
) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        resolver=_Resolver(access),
        socket_factory=_socket_factory(access),
        ssl=context,
        use_dns_cache=False,
        force_close=True,
    )
    return aiohttp.ClientSession(
        connector=connector,
        response_class=response_class,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"accept": access.accept, "accept-encoding": "identity", "user-agent": "ext-authz-sidecar"},
        auto_decompress=False,
        trust_env=False,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
    )


class _Resolver(AbstractResolver):
    def __init__(self, access: Access) -> None:
        self._access = access

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of ``host`` that may be connected to."""
        access = self._access
        found = await allowed_addresses(host, port, access.look_up, allow_private=access.allow_private)
        return [
            ResolveResult(
                hostname=host,
                host=str(info[4][0]),
                port=int(info[4][1]),
                family=info[0],
                proto=info[2],
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for info in found
            if family in (socket.AF_UNSPEC, info[0])
        ]

    async def close(self) -> None:
        """Have nothing to close."""


def _socket_factory(access: Access) -> Callable[[AddrInfo], socket.socket]:
    """Return what makes sockets. Whatever named the address, and addresses in URLs are not resolved: it passes here."""

    def make(info: AddrInfo) -> socket.socket:
        # INVARIANT: no connection is made to an address that was not looked at here.
        check_address(str(info[4][0]), allow_private=access.allow_private)
        return socket.socket(info[0], info[1], info[2])

    return make


def _context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        if ca_file is not None:
            must_be_regular(ca_file)
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError) as error:
        raise FetchError(Trouble.TLS, f"ca_file: {ca_file} cannot be used: {error}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _response_class(client: Client, transports: list[asyncio.Transport]) -> type[aiohttp.ClientResponse]:
    """Return the class of responses that note over which connections they come, and until when its certificate is good.

    By the time a short answer is read its connection is let go of, and nobody else knows it.
    """

    class Response(aiohttp.ClientResponse):
        async def start(self, connection: Connection) -> aiohttp.ClientResponse:
            transport = connection.transport
            if transport is not None:
                transports.append(transport)
                expires = (transport.get_extra_info("peercert") or {}).get("notAfter")
                if isinstance(expires, str):
                    client.certificate_expires_at = float(ssl.cert_time_to_seconds(expires))
            return await super().start(connection)

    return Response


def _status(status: int, url: Url) -> FetchError:
    if 300 <= status < 400 and status != _NOT_MODIFIED:  # noqa: PLR2004 - RFC 9110, section 15.4
        return FetchError(
            Trouble.REDIRECT, f"{url.shown}: redirects ({status}), which is not followed; name the place itself"
        )
    return FetchError(Trouble.STATUS, f"{url.shown}: answers {status}")


def _explained(error: Exception, url: Url) -> Exception:
    if isinstance(error, TimeoutError):
        return error
    cause = getattr(error, "os_error", error)
    if isinstance(cause, AddressRefusedError):
        return FetchError(Trouble.ADDRESS_REFUSED, f"{url.shown}: {cause}")
    if isinstance(error, aiohttp.ClientSSLError) or isinstance(cause, ssl.SSLError):
        detail = getattr(error, "certificate_error", cause)
        return FetchError(Trouble.TLS, f"{url.shown}: {detail}")
    return FetchError(Trouble.UNREACHABLE, f"{url.shown}: {type(error).__name__}: {cause}")
