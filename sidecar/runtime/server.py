"""The server process: one event loop, one listening front, until it is told to stop."""

import asyncio
import logging
import signal
import time
from collections.abc import Callable

from sidecar.core.check import Checker
from sidecar.core.trust import Trust
from sidecar.engine.engine import Engine, Services
from sidecar.engine.local_cache import LocalCache
from sidecar.settings import Settings
from sidecar.transport.address import parse
from sidecar.transport.grpcio_server import GrpcioServer
from sidecar.verify.inline import verify_inline

_log = logging.getLogger(__name__)


async def serve(trust: Trust, settings: Settings, announce: Callable[[str], None]) -> None:
    """Serve checks until SIGTERM or SIGINT, then for a time those under way.

    ``announce`` is called once with the real address, when checks are answered there. Raises ``AddressError`` where
    ``settings.listen`` cannot be listened on.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    checker = Checker(lambda: trust, LocalCache(settings.cache.local_entries))
    engine = Engine(checker, Services(verify=verify_inline), time.time, trust.response.realm)
    server = GrpcioServer(engine)
    address = await server.start(parse(settings.listen))
    announce(str(address))
    await stop.wait()
    grace = settings.shutdown_grace_seconds
    _log.info("stopping, up to %g s for checks under way", grace)
    await server.stop(grace)
