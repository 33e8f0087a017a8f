"""A listener: accepts connections, and sees every one of them ended in time.

accept ──> task a connection: TLS handshake ──> Connection ──> closed | time is over | oldest of too many
"""

import asyncio
import logging
import socket
import ssl
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from sidecar.http.connection import Connection, serving
from sidecar.http.listening import listen
from sidecar.http.message import Page
from sidecar.transport.address import Address
from sidecar.transport.sockets import Listening
from sidecar.transport.tls import TlsError

#: Seconds without accepting, when the process has no descriptor left for a connection.
_BREATH_SECONDS = 0.1
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one listener's callers may take."""

    connections: int = 64  #: open at once, handshakes included; the oldest makes room for one more
    seconds: float = 10.0  #: from accept to the end of the answer


class Listener:
    """Serves ``page`` on ``address``. ``tls`` is asked for each connection, so that renewed certificates count at once.

    ``mode``: permissions of a Unix socket. One listener is started once.
    """

    def __init__(
        self,
        address: Address,
        page: Page,
        limits: Limits,
        tls: Callable[[], ssl.SSLContext] | None = None,
        mode: int = 0o600,
    ) -> None:
        self._wanted, self._page, self._limits, self._tls, self._mode = address, page, limits, tls, mode
        self._listening: Listening | None = None
        #: In the order in which they were accepted.
        self._open: OrderedDict[asyncio.Task[None], socket.socket] = OrderedDict()

    @property
    def address(self) -> Address:
        """Return what it listens on; once started with the port that the system chose."""
        return self._listening.address if self._listening else self._wanted

    async def start(self) -> None:
        """Begin to listen; raises ``ListenError`` for the address and ``TlsError`` for certificates."""
        if self._tls:
            self._tls()
        self._listening = listen(self._wanted, self._mode)
        self._server = serving(self._page)
        self._accepting = asyncio.create_task(self._accept(self._listening.socket))

    async def stop(self, grace_seconds: float = 1.0) -> None:
        """Stop listening, give answers under way ``grace_seconds``, and end what is left. May be called twice."""
        if self._listening is None:
            return
        self._accepting.cancel()
        with suppress(asyncio.CancelledError):
            await self._accepting
        self._listening.close()
        self._server.pre_shutdown()
        await self._server.shutdown(grace_seconds)
        connections = list(self._open)
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, _ = await loop.sock_accept(listening)
            except OSError as error:
                _log.warning("cannot accept a connection: %s", error)
                await asyncio.sleep(_BREATH_SECONDS)
                continue
            if len(self._open) >= self._limits.connections:
                # Not the newest: it may be Kubernetes' probe, and the oldest is who is slow on purpose.
                self._open.popitem(last=False)[0].cancel()
            connection = asyncio.create_task(self._serve(accepted))
            self._open[connection] = accepted
            connection.add_done_callback(partial(self._ended, accepted))

    def _ended(self, accepted: socket.socket, connection: asyncio.Task[None]) -> None:
        self._open.pop(connection, None)
        accepted.close()  # where no transport came to own it
        if not connection.cancelled() and (error := connection.exception()):
            _log.error("a connection failed", exc_info=error)

    async def _serve(self, accepted: socket.socket) -> None:
        # What clients do wrong ends their connection, and is nothing to tell anybody of.
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(self._limits.seconds):
                await self._converse(accepted)

    async def _converse(self, accepted: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            tls = self._tls() if self._tls else None
        except TlsError as error:
            _log.error("administration refused: %s", error)
            return
        connection = Connection(self._server, loop)
        # The protocol that is returned is not looked at: with TLS, uvloop's is its own and not ours.
        transport, _ = await loop.connect_accepted_socket(
            lambda: connection,
            accepted,
            ssl=tls,
            ssl_handshake_timeout=self._limits.seconds if tls else None,
        )
        try:
            await connection.closed
        finally:
            transport.abort()
