"""The listener: takes connections, has each request asked of the engine, and tells its answer."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from sidecar.core.headers import SentRemovals
from sidecar.core.trust import ResponseSettings
from sidecar.engine.engine import Engine
from sidecar.observe.forward_auth_series import HttpCounts, HttpEnd, HttpLimit
from sidecar.transport.address import Address, UnixAddress
from sidecar.transport.forward_auth.asked import Call, ForgedError, UnaskableError, asked
from sidecar.transport.forward_auth.connection import Answering, Connection, Limits, serving
from sidecar.transport.forward_auth.profile import Profile
from sidecar.transport.forward_auth.told import ALLOWED, FORBIDDEN, Told, UncarriedError, told
from sidecar.transport.native.listening import SocketOptions, listen
from sidecar.transport.sockets import Listening

_BACKLOG: Final = 1024
_log = logging.getLogger(__name__)


class ForwardAuth:
    """Answers what proxies ask; it knows no sockets.

    ``response`` returns the response settings in force; ``seconds`` are what a check may take.
    """

    def __init__(
        self, engine: Engine, profile: Profile, seconds: float, response: Callable[[], ResponseSettings]
    ) -> None:
        self._engine, self._profile, self._seconds, self._response = engine, profile, seconds, response
        self._removals: tuple[ResponseSettings, SentRemovals] | None = None
        self.counts = HttpCounts()

    async def answer(self, call: Call) -> Told:
        """Answer one request; raises nothing but ``asyncio.CancelledError``."""
        try:
            question = asked(call, self._profile)
            names = {name for name, _ in call.headers}.difference(self._profile.names)
            self._refuse_what_stays(names)
        except ForgedError as error:
            _log.debug("not asked: %s", error)
            return self._refused(self._engine.header_not_allowed, HttpEnd.FORGED)
        except UnaskableError as error:
            _log.debug("not asked: %s", error)
            return self.unreadable()
        except Exception:  # noqa: BLE001 - whatever it is: denied
            _log.exception("a request could not be made a question, denied")
            return self.unreadable()
        found = self._engine.begin(question, self._seconds)
        made = self._told(found if isinstance(found, bytes) else await found, names)
        if made is None:
            return self._ended(FORBIDDEN, HttpEnd.UNCARRIED)
        return self._ended(made, HttpEnd.ALLOWED if made.status == ALLOWED else HttpEnd.DENIED)

    def unreadable(self) -> Told:
        """Return the denial of what is no question."""
        return self._refused(lambda: self._engine.begin(b"", self._seconds), HttpEnd.UNREADABLE)

    def too_large(self) -> Told:
        """Return the denial of what has more bytes than are taken."""
        return self._refused(self._engine.too_large, HttpEnd.TOO_LARGE)

    def _refuse_what_stays(self, names: set[str]) -> None:
        """Refuse headers that the upstream must not get, where the proxy cannot be told to take them off."""
        if self._profile.removes:
            return
        settings = self._response()
        if self._removals is None or self._removals[0] is not settings:
            self._removals = settings, SentRemovals(settings)
        if left := self._removals[1].of(names):
            raise ForgedError(f"{left[0][:64]!r} must not reach the upstream, and cannot be removed here")

    def _ended(self, made: Told, end: HttpEnd) -> Told:
        self.counts.requests[end] += 1
        return made

    def _told(self, answer: bytes, names: set[str]) -> Told | None:
        """Return what is told; ``None`` where that cannot be."""
        try:
            return told(answer, self._profile, names, self._response().stripped_headers)
        except UncarriedError as error:
            _log.error("an answer cannot be carried, denied: %s", error)
        except Exception:  # noqa: BLE001 - whatever it is: denied
            _log.exception("an answer could not be told, denied")
        return None

    def _refused(self, ask: Callable[[], bytes | Awaitable[bytes]], end: HttpEnd) -> Told:
        found = ask()
        made = self._told(found, set()) if isinstance(found, bytes) else None
        # INVARIANT: what was not asked is never let in, in dry run neither.
        return self._ended(FORBIDDEN if made is None or made.status < 300 else made, end)  # noqa: PLR2004 - HTTP


class ForwardAuthServer:
    """One listening server. ``start``, then ``stop``, each once, in a running loop."""

    def __init__(
        self, forward_auth: ForwardAuth, limits: Limits, socket_options: SocketOptions, *, shared: bool = False
    ) -> None:
        self._limits, self._socket_options, self._shared = limits, socket_options, shared
        self.counts = forward_auth.counts
        self._answering = Answering(forward_auth.answer, forward_auth.unreadable, forward_auth.too_large)
        self._listening: Listening | None = None
        #: In the order in which they came.
        self._open: dict[Connection, None] = {}

    @property
    def connections(self) -> int:
        """Return how many connections are open."""
        return len(self._open)

    @property
    def address(self) -> Address | None:
        """Return what it listens on, with its real port; ``None`` before it does."""
        return None if self._listening is None else self._listening.address

    async def start(self, address: Address) -> Address:
        """Listen on ``address`` and return it with its real port; raises ``AddressError`` where that cannot be."""
        listening = listen(address, self._socket_options, shared=self._shared)
        loop = asyncio.get_running_loop()
        self._serving = serving(self._answering)
        start = loop.create_unix_server if isinstance(address, UnixAddress) else loop.create_server
        try:
            self._server = await start(self._connection, sock=listening.socket, backlog=_BACKLOG)
        except BaseException:
            listening.close()
            raise
        self._listening = listening
        return listening.address

    async def stop(self, grace: float) -> None:
        """Take no new requests, and end once those under way are answered or ``grace`` seconds over."""
        if self._listening is None:
            return
        self._listening.remove()
        self._server.close()
        self._serving.pre_shutdown()
        await self._serving.shutdown(grace)
        for connection in tuple(self._open):
            connection.abort()

    def _connection(self) -> Connection:
        return Connection(self._serving, self._limits, self._answering, self)

    def held_up(self) -> None:
        """Note an answer that nobody took in time."""
        self.counts.limits[HttpLimit.WRITE_SECONDS] += 1

    def opened(self, connection: Connection) -> None:
        """Note a connection, and make room for it."""
        self._open[connection] = None
        self.counts.connections += 1
        if len(self._open) > self._limits.connections:
            self.counts.limits[HttpLimit.MAX_CONNECTIONS] += 1
            # Whoever is idle, or slow, for the longest: not the newest, unless all others are being answered.
            next((one for one in self._open if one.is_idle), connection).abort()

    def closed(self, connection: Connection) -> None:
        """Forget a connection."""
        self._open.pop(connection, None)
