"""Connections to endpoints that a configuration names: a pool, and a guard against being led elsewhere.

What may be connected to is decided on the very address, at the moment of connecting: a name that resolved to a public
address a moment ago may resolve to the cloud's metadata service now (DNS rebinding).
"""

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import aiohttp

from sidecar.keys.regular_file import must_be_regular
from sidecar.keys.remote.resolver import AddrInfo, check_address


def guarded_session(
    *, ca_file: str | None, allow_private: bool, timeout: float, connections: int
) -> aiohttp.ClientSession:
    """Return a session that follows nobody's lead: no proxies of the environment, no cookies, no compressed bodies.

    ``ca_file`` has the CAs, in PEM, that are trusted; ``None``: the system's. ``timeout``, in seconds, is for a whole
    exchange. Redirects are the caller's to refuse. Raises ``OSError`` and ``ssl.SSLError`` for a file that is none.
    """
    if ca_file is not None:
        must_be_regular(Path(ca_file))
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    connector = aiohttp.TCPConnector(
        ssl=context, limit=connections, socket_factory=_sockets(allow_private=allow_private)
    )
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=timeout),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        headers={"accept-encoding": "identity", "user-agent": "ext-authz-sidecar"},
    )


def _sockets(*, allow_private: bool) -> Callable[[AddrInfo], socket.socket]:
    def make(info: AddrInfo) -> socket.socket:
        # INVARIANT: no connection is made to an address that was not looked at here.
        check_address(str(info[4][0]), allow_private=allow_private)
        made = socket.socket(info[0], info[1], info[2])
        made.setblocking(False)  # noqa: FBT003 - positional only
        return made

    return make


SessionFactory = Callable[..., aiohttp.ClientSession]
