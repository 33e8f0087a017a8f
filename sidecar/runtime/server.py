"""The server process: one event loop, one listening front, until it is told to stop."""

import asyncio
import logging
import signal
import time
from collections.abc import Callable

from sidecar.core.check import Checker
from sidecar.core.trust import Trust
from sidecar.engine.engine import Engine, Services
from sidecar.transport.address import parse
from sidecar.transport.grpcio_server import GrpcioServer
from sidecar.verify.inline import verify_inline

_log = logging.getLogger(__name__)


async def serve(trust: Trust, listen: str, grace: float, announce: Callable[[str], None]) -> None:
    """Serve checks on ``listen`` until SIGTERM or SIGINT, then up to ``grace`` seconds for those under way.

    ``announce`` is called once with the real address, when checks are answered there. Raises ``AddressError`` where
    ``listen`` cannot be listened on.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    engine = Engine(Checker(lambda: trust), Services(verify=verify_inline), time.time, trust.response.realm)
    server = GrpcioServer(engine)
    address = await server.start(parse(listen))
    announce(str(address))
    await stop.wait()
    _log.info("stopping, up to %g s for checks under way", grace)
    await server.stop(grace)
