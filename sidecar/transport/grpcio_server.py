"""The gRPC front on grpcio: ``envoy.service.auth.v3.Authorization/Check`` and the gRPC health service.

Messages stay bytes: grpc's own (de)serialisation would parse every message twice.
"""

import asyncio
import logging
from collections.abc import Iterable
from functools import partial

import grpc
from grpc_health.v1 import health, health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckResponse

from sidecar.engine.engine import Engine
from sidecar.observe.transport_counts import Limit, TransportCounts
from sidecar.transport import connections
from sidecar.transport.address import Address, AddressError, TcpAddress, is_local, refuse_if_in_use, refuse_if_taken
from sidecar.transport.alone import alone_at
from sidecar.transport.callers import Callers
from sidecar.transport.deadline import OF_THE_DEADLINE
from sidecar.transport.grpcio_tls import LOOK_SECONDS, Certificates
from sidecar.transport.service import SERVICE
from sidecar.transport.tls import Tls, TlsError
from sidecar.transport.tracing import TRACEPARENT, TRACESTATE, CallTracer

#: Bytes of the largest message that is read; and of the largest that gRPC lets through, so that we can deny it. What is
#: larger even than that ends in an error of gRPC's, which has no way to drop a message while it comes.
MAX_MESSAGE_BYTES = 64 * 1024 * 1024
MAX_DENIED_BYTES = 1024 * 1024 * 1024

#: Seconds that a server whose certificate was renewed gets for the checks that are under way on it.
_LAST_SECONDS = 30.0

_OPTIONS = (
    # so_reuseport is set for each server: by default gRPC shares a port with whoever already listens there, so that two
    # sidecars would have half of the checks each.
    # gRPC answers what is over its limits with an error, and an error lets the request in under failure_mode_allow. So
    # they are far above what Envoy on this machine can be made to send: 60 KiB of headers by default; and with tracing
    # a client's ``tracestate`` becomes metadata, for which gRPC's own limit is 8 KiB.
    ("grpc.max_receive_message_length", MAX_DENIED_BYTES),
    ("grpc.max_metadata_size", MAX_MESSAGE_BYTES),
    ("grpc.absolute_max_metadata_size", MAX_MESSAGE_BYTES),
    # Envoy never compresses a check; a small message that unpacks to gigabytes is an attack.
    ("grpc.compression_enabled_algorithms_bitset", 1),
    # Envoy's keep-alive pings are more frequent than gRPC tolerates by default: it would close the connection.
    ("grpc.http2.max_ping_strikes", 0),
)


_log = logging.getLogger(__name__)


class GrpcioServer:
    """One listening gRPC server. ``start``, then ``stop``, each once.

    ``max_message_bytes``: a larger one is denied. ``tracer`` says which checks are answered otherwise, for the trace
    that they belong to.

    ``shared``: its port is that of other servers of ours as well (SO_REUSEPORT, socket(7)). ``tls``: for addresses of
    the network, which are refused without it. When its files change, another server takes over the port, and the old
    one ends once its checks are answered and Envoy, told so by GOAWAY, has gone to the new one. ``callers``: who of
    those that show a certificate may ask for checks.
    """

    def __init__(  # noqa: PLR0913 - one a field
        self,
        engine: Engine,
        *,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
        shared: bool = False,
        tls: Tls | None = None,
        callers: Callers | None = None,
        tracer: CallTracer | None = None,
    ) -> None:
        self._callers = callers
        self._max_message_bytes = max_message_bytes
        #: gRPC's library tells of no connection, no reset and no fault: these are of checks alone.
        self.counts = TransportCounts()
        self._engine, self._shared, self._tls, self._tracer = engine, shared, tls, tracer
        self._health = health.aio.HealthServicer()  # type: ignore[attr-defined]  # missing in the stubs
        self._replaced: dict[grpc.aio.Server, asyncio.Task[None]] = {}
        self._renewing: asyncio.Task[None] | None = None

    @property
    def connections(self) -> int:
        """Return how many connections are open."""
        return connections.count(str(self._address))

    @property
    def streams(self) -> int:
        """Return how many streams were opened that are not in ``counts``: all are."""
        return 0

    async def start(self, address: Address) -> Address:
        """Listen on ``address`` and return it with its real port; raises ``AddressError`` where that cannot be."""
        if self._tls is None:
            if not is_local(address):
                raise AddressError(f"{address} is not loopback, and takes 'tls'")
            self._server, self._address = await self._begin(address, None)
        else:
            try:
                certificates = Certificates(self._tls)
            except TlsError as error:
                raise AddressError(f"{address}: tls: {error}") from None
            self._server, self._address = await self._begin(address, certificates.credentials)
            self._renewing = asyncio.create_task(self._renew(certificates))
        await self._set_health(HealthCheckResponse.SERVING)
        return self._address

    async def stop(self, grace: float) -> None:
        """Say NOT_SERVING, take no new checks, and end once those under way are answered or ``grace`` seconds over."""
        if self._renewing is not None:
            self._renewing.cancel()
        await self._set_health(HealthCheckResponse.NOT_SERVING)
        # A server that was replaced gets no longer either: the shorter of two graces holds.
        await asyncio.gather(*(one.stop(grace) for one in (self._server, *self._replaced)))

    async def _begin(
        self, address: Address, credentials: grpc.ServerCredentials | None
    ) -> tuple[grpc.aio.Server, Address]:
        """Listen where nobody does yet."""
        with alone_at(address):
            refuse_if_taken(address)
            if credentials is not None and not self._shared:
                refuse_if_in_use(address)
            server, real = self._bind(address, credentials)
        await server.start()
        return server, real

    def _bind(self, address: Address, credentials: grpc.ServerCredentials | None) -> tuple[grpc.aio.Server, Address]:
        shared = self._shared or credentials is not None  # so that its successor can listen before it ends
        server = grpc.aio.server(options=(*_OPTIONS, ("grpc.so_reuseport", int(shared))))
        handler = grpc.unary_unary_rpc_method_handler(self._check)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {"Check": handler}),))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        target = str(address).replace("unix:@", "unix-abstract:", 1)
        try:
            port = (
                server.add_insecure_port(target) if credentials is None else server.add_secure_port(target, credentials)
            )
        except RuntimeError:
            raise AddressError(f"{address}: cannot listen there; is it in use, or not permitted?") from None
        return server, TcpAddress(address.host, port) if isinstance(address, TcpAddress) else address

    async def _renew(self, certificates: Certificates) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                if certificates.renewed():
                    old = self._server
                    new, _ = self._bind(self._address, certificates.credentials)
                    await new.start()
                    self._server = new
                    certificates.used()
                    _log.info("a new certificate is in use on %s", self._address)
                    ending = asyncio.create_task(old.stop(_LAST_SECONDS))
                    self._replaced[old] = ending
                    ending.add_done_callback(partial(self._forget, old))
            except (TlsError, AddressError) as error:
                _log.warning("the certificate in use stays in use: %s", error)
            except Exception:  # noqa: BLE001 - whatever it is: the next look may do better
                _log.exception("the certificate in use stays in use")

    def _forget(self, server: grpc.aio.Server, ended: asyncio.Task[None]) -> None:
        del ended
        self._replaced.pop(server, None)

    async def _check(self, request: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        self.counts.streams += 1
        if self._callers is not None and not self._callers.admit(context.auth_context()):
            return self._engine.not_for_caller()
        if len(request) > self._max_message_bytes:
            self.counts.limits[Limit.MAX_MESSAGE_BYTES] += 1
            return self._engine.too_large()
        # grpc-stubs says float; without a deadline it is None.
        remaining: float | None = context.time_remaining()
        seconds = None if remaining is None else remaining * OF_THE_DEADLINE
        traced = None if self._tracer is None else self._tracer(*_trace(context.invocation_metadata()))
        if traced is None:
            return await self._engine.check(request, seconds)
        answer = traced(request, seconds)
        return answer if isinstance(answer, bytes) else await answer

    async def _set_health(self, status: HealthCheckResponse.ServingStatus) -> None:
        for service in ("", SERVICE):
            await self._health.set(service, status)


def _trace(metadata: Iterable[tuple[str, str | bytes]] | None) -> tuple[list[str], list[str]]:
    """Return the values of ``traceparent`` and ``tracestate``."""
    fields = [(name, value) for name, value in metadata or () if isinstance(value, str)]
    return [value for name, value in fields if name == TRACEPARENT], [
        value for name, value in fields if name == TRACESTATE
    ]
