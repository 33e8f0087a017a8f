"""The native gRPC front: ``envoy.service.auth.v3.Authorization/Check`` and gRPC's health service.

``NativeServer`` has the surface of ``GrpcioServer``, and takes what answers a check: bytes to bytes.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from sidecar.observe.transport_counts import TransportCounts
from sidecar.transport.address import Address, UnixAddress
from sidecar.transport.native.file_limit import room_for
from sidecar.transport.native.health import Health
from sidecar.transport.native.limits import Limits
from sidecar.transport.native.listening import BACKLOG, SocketOptions, listen
from sidecar.transport.native.methods import Methods, Unary
from sidecar.transport.native.open_connections import OpenConnections
from sidecar.transport.native.peers import Doorkeeper
from sidecar.transport.native.protocol import NativeProtocol
from sidecar.transport.service import SERVICE
from sidecar.transport.sockets import Listening
from sidecar.transport.tracing import Answer, CallTracer

#: Seconds between two looks at what takes too long, at the most; and what a cut-off connection gets to end.
_TICK_SECONDS: Final = 1.0
_LAST_SECONDS: Final = 1.0
#: Turns of the loop from a connection in the backlog to its protocol, with some to spare: asyncio takes three.
_TURNS: Final = 8


class NativeServer:
    """One listening server. ``start``, then ``stop``, each once, in a running loop.

    ``answer`` answers a check, ``too_large`` one that is not taken for its size, and ``tracer`` says which checks are
    answered otherwise, for the trace that they belong to.

    ``shared``: its port is that of other servers of ours as well (SO_REUSEPORT, socket(7)).
    """

    def __init__(  # noqa: PLR0913 - one a field
        self,
        answer: Answer,
        limits: Limits | None = None,
        *,
        too_large: Callable[[], bytes] | None = None,
        tracer: CallTracer | None = None,
        shared: bool = False,
        socket_options: SocketOptions | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._shared, self._socket_options = shared, socket_options or SocketOptions()
        self._health = Health([SERVICE])
        self._methods: Methods = {
            b"/%s/Check" % SERVICE.encode(): Unary(answer, too_large, tracer)
        } | self._health.methods()
        allowed = self._socket_options.allowed_peers
        doorkeeper = None if allowed is None else Doorkeeper(allowed, time.monotonic)
        self._open = OpenConnections(self._limits, doorkeeper)
        self._listening: Listening | None = None

    @property
    def connections(self) -> int:
        """Return how many connections are open."""
        return len(self._open)

    @property
    def streams(self) -> int:
        """Return how many streams were opened on the connections that are open."""
        return self._open.streams

    @property
    def counts(self) -> TransportCounts:
        """Return what was seen of connections so far."""
        return self._open.counts

    async def start(self, address: Address) -> Address:
        """Listen on ``address`` and return it with its real port; raises ``AddressError`` where that cannot be."""
        self._open.most = room_for(self._limits.max_connections)
        listening = listen(address, self._socket_options, shared=self._shared)
        loop = asyncio.get_running_loop()
        make = partial(NativeProtocol, self._limits, self._methods, self._open)
        start = loop.create_unix_server if isinstance(address, UnixAddress) else loop.create_server
        try:
            self._server = await start(make, sock=listening.socket, backlog=BACKLOG)
        except BaseException:
            listening.remove()
            listening.socket.close()
            raise
        self._listening = listening
        self._health.set_serving(serving=True)
        self._ticking = asyncio.create_task(self._tick())
        return self._listening.address

    async def stop(self, grace: float) -> None:
        """Say NOT_SERVING, take no new checks, and end once those under way are answered or ``grace`` seconds over."""
        if self._listening is None:
            return
        self._health.set_serving(serving=False)
        self._health.end_watching()
        await self._stop_listening(self._listening)
        for connection in self._open.all():
            connection.leave()
        await self._open.none_within(grace)
        for connection in self._open.all():
            connection.give_up()
        await self._open.none_within(_LAST_SECONDS)
        for connection in self._open.all():
            connection.abort()
        await self._open.none_within(_LAST_SECONDS)
        self._ticking.cancel()

    async def _stop_listening(self, listening: Listening) -> None:
        """Take no new connections. Those in the backlog are the peers' already, with a check: they are taken first."""
        self._open.leaving = True
        listening.remove()
        await _turns()
        self._server.close()
        await _turns()

    async def _tick(self) -> None:
        limits = self._limits
        shortest = min(
            limits.preface_seconds,
            limits.request_seconds,
            limits.unsent_seconds,
            limits.keepalive_seconds,
            limits.keepalive_timeout_seconds,
            limits.idle_seconds,
        )
        while True:
            await asyncio.sleep(min(_TICK_SECONDS, shortest / 4))
            for connection in self._open.all():
                connection.tick()
            self._open.look_at_memory()


async def _turns() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)
