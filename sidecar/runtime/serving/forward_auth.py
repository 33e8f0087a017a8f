"""The front for proxies that ask over HTTP, of one server."""

import logging
from collections.abc import Callable

from sidecar.core.trust import Trust
from sidecar.engine.engine import Engine
from sidecar.memory.counters import Row
from sidecar.observe.forward_auth_meter import ForwardAuthMeter
from sidecar.settings import Settings
from sidecar.settings.forward_auth import ForwardAuthSettings
from sidecar.transport.address import numbered, parse
from sidecar.transport.forward_auth.connection import Limits
from sidecar.transport.forward_auth.server import ForwardAuth, ForwardAuthServer

_log = logging.getLogger(__name__)


class ForwardAuthFront:
    """Answers on the address of server ``number``."""

    def __init__(  # noqa: PLR0913, PLR0917 - what there is to a front, once
        self,
        whole: Settings,
        settings: ForwardAuthSettings,
        engine: Engine,
        trust: Callable[[], Trust],
        number: int,
        row: Row,
    ) -> None:
        limits = Limits(
            settings.max_connections,
            settings.max_header_bytes,
            settings.max_headers,
            settings.idle_seconds,
            settings.write_seconds,
        )
        answers = ForwardAuth(engine, settings.profile(), settings.check_seconds, lambda: trust().response)
        is_shared = whole.listen_mode == "shared"
        self._server = ForwardAuthServer(answers, limits, settings.socket_options(), shared=is_shared)
        wanted = parse(settings.listen)
        self._wanted = wanted if is_shared else numbered(wanted, number)
        self._proxy = settings.proxy
        self._meter = ForwardAuthMeter(row)

    @property
    def connections(self) -> int:
        """Return how many connections are open."""
        return self._server.connections

    def publish(self) -> None:
        """Bring the counters up to date; with each heartbeat."""
        self._meter.publish(self._server.counts)

    async def start(self) -> None:
        """Answer from now on; raises ``AddressError`` where that cannot be."""
        _log.info("answering %s over HTTP on %s", self._proxy, await self._server.start(self._wanted))

    async def stop(self, grace: float) -> None:
        """End when what is under way is answered, or after ``grace`` seconds."""
        await self._server.stop(grace)
