"""Connections to endpoints that a configuration names: a pool, and a guard against being led elsewhere.

What may be connected to is decided on the very address, at the moment of connecting: a name that resolved to a public
address a moment ago may resolve to the cloud's metadata service now (DNS rebinding).
"""

import ipaddress
import socket
import ssl
from collections.abc import Callable

import aiohttp

_AddrInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple]  # type: ignore[type-arg] # aiohttp's


class ForbiddenAddressError(OSError):
    """The name stands for an address that is not to be connected to."""


def guarded_session(
    *, ca_file: str | None, allow_private: bool, timeout: float, connections: int
) -> aiohttp.ClientSession:
    """Return a session that follows nobody's lead: no proxies of the environment, no cookies, no compressed bodies.

    ``ca_file`` has the CAs, in PEM, that are trusted; ``None``: the system's. ``timeout``, in seconds, is for a whole
    exchange. Redirects are the caller's to refuse. Raises ``OSError`` and ``ssl.SSLError`` for a file that is none.
    """
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    connector = aiohttp.TCPConnector(
        ssl=context, limit=connections, socket_factory=_socket if allow_private else _public_socket
    )
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=timeout),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        headers={"accept-encoding": "identity", "user-agent": "ext-authz-sidecar"},
    )


def is_public(address: str) -> bool:
    """Say whether an IP address is one of the internet's: not private, loopback, link-local or otherwise special."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    return found.is_global and not found.is_multicast and (inner is None or inner.is_global)


def _socket(info: _AddrInfo) -> socket.socket:
    family, kind, protocol, _, _ = info
    made = socket.socket(family, kind, protocol)
    made.setblocking(False)  # noqa: FBT003 - positional only
    return made


def _public_socket(info: _AddrInfo) -> socket.socket:
    if not is_public(str(info[4][0])):
        raise ForbiddenAddressError("a private address; 'allow_private' takes it")
    return _socket(info)


SessionFactory = Callable[..., aiohttp.ClientSession]
