"""The front that a configuration asks for."""

import importlib
import time
from pathlib import Path
from typing import Protocol

from sidecar.engine.engine import Engine
from sidecar.observe.transport_counts import TransportCounts
from sidecar.settings import Settings
from sidecar.transport.address import Address
from sidecar.transport.callers import Callers
from sidecar.transport.native.server import NativeServer
from sidecar.transport.tls import tls_in
from sidecar.transport.tracing import CallTracer


class Front(Protocol):
    """Takes checks from Envoy."""

    @property
    def connections(self) -> int:
        """Return how many connections are open."""

    @property
    def streams(self) -> int:
        """Return how many streams were opened on the connections that are open, where ``counts`` has them not."""

    @property
    def counts(self) -> TransportCounts:
        """Return what was seen of connections so far."""

    async def start(self, address: Address) -> Address:
        """Listen on ``address`` and return it with its real port; raises ``AddressError`` where that cannot be."""

    async def stop(self, grace: float) -> None:
        """Say NOT_SERVING, take no new checks, and end once those under way are answered or ``grace`` seconds over."""


def front_for(
    settings: Settings, engine: Engine, folder: Path, tracer: CallTracer | None = None, *, is_first: bool = True
) -> Front:
    """Return the front of ``settings``; files named there are looked for in ``folder``.

    ``tracer`` says which checks are answered otherwise than by ``engine`` itself, for the trace that they belong to.
    ``is_first``: the process had no predecessor, after which another sidecar may have taken its place.
    """
    is_shared = settings.listen_mode == "shared"
    if settings.is_native:
        native = settings.native
        return NativeServer(
            engine.begin,
            native.limits(),
            too_large=engine.too_large,
            tracer=tracer,
            shared=is_shared,
            socket_options=native.socket_options(is_first=is_first),
        )
    tls = settings.tls
    # Loaded only where it is used: gRPC takes 20 MiB and 0.1 s of each process.
    front: Front = importlib.import_module("sidecar.transport.grpcio_server").GrpcioServer(
        engine,
        shared=is_shared,
        tls=None if tls is None else tls_in(folder, tls),
        callers=None if tls is None or tls.client_names is None else Callers(tls.client_names, time.monotonic),
        tracer=tracer,
    )
    return front
