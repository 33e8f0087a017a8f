"""A gRPC front in the test's own process, and a plain gRPC client to it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import grpc

from sidecar.core.check import Checker
from sidecar.core.needs import Verdict, Verify
from sidecar.engine.engine import Engine, Services
from sidecar.transport.address import Address, parse
from sidecar.transport.grpcio_server import GrpcioServer
from sidecar.verify.inline import verify_inline
from support.tokens import NOW
from support.trusts import trust

CHECK = "/envoy.service.auth.v3.Authorization/Check"
HEALTH = "/grpc.health.v1.Health/Check"


@dataclass(frozen=True)
class Front:
    """A running front and a channel to it."""

    server: GrpcioServer
    address: Address
    channel: grpc.aio.Channel

    async def call(
        self,
        method: str,
        request: bytes,
        timeout: float | None = None,  # noqa: ASYNC109 - gRPC's
        metadata: Sequence[tuple[str, str]] = (),
    ) -> bytes:
        """Call a method with bytes, as they are, and return the answer's bytes."""
        call = self.channel.unary_unary(method)  # type: ignore[call-arg]  # the stubs want the serialisers that may be left out
        return cast("bytes", await call(request, timeout=timeout, metadata=metadata))


@asynccontextmanager
async def serving(
    listen: str = "127.0.0.1:0",
    verify: Callable[[Verify], Awaitable[Verdict]] = verify_inline,
    options: Sequence[tuple[str, int]] = (),
) -> AsyncIterator[Front]:
    """Serve one Trust, that of ``support.trusts``, on a free port or where it is told to."""
    in_force = trust()
    server = GrpcioServer(Engine(Checker(lambda: in_force), Services(verify=verify), lambda: NOW, lambda: "api"))
    address = await server.start(parse(listen))
    target = str(address).replace("unix:@", "unix-abstract:")
    async with grpc.aio.insecure_channel(target, options=[("grpc.max_send_message_length", -1), *options]) as channel:
        yield Front(server, address, channel)
    await server.stop(0)


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end, within a minute."""

    async def bounded() -> None:
        await asyncio.wait_for(work, 60)

    asyncio.run(bounded())
