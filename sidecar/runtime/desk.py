"""What control does for all: probes and administration over HTTP, reload, sweep. The single process has it as well."""

import asyncio
import logging
import platform
import time
from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import version
from pathlib import Path

from sidecar.http import address as http_address
from sidecar.http.guard import TokenFile
from sidecar.http.listeners import Access, admin_listener, probe_listener
from sidecar.http.server import Limits, Listener
from sidecar.http.tls import Tls
from sidecar.loading.trust import Loaded
from sidecar.memory.cache import SharedCache
from sidecar.memory.counters import CounterTable
from sidecar.memory.scoreboard import Scoreboard
from sidecar.observe.condition import Condition
from sidecar.observe.exposition import Exposition, Facts
from sidecar.observe.health import ScoreboardHealth
from sidecar.observe.series import RELOAD, Reload
from sidecar.runtime.fleet import Fleet, Role
from sidecar.runtime.heartbeat import PATIENCE
from sidecar.runtime.reload import Reading, ReloadError, fingerprint, read_again
from sidecar.runtime.shared import Shared
from sidecar.settings.http import AdminSettings, AdminTlsSettings

#: Seconds between two looks at the files, and between two sweeps of the shared cache.
WATCH_SECONDS = 2.0
SWEEP_SECONDS = 30.0

_log = logging.getLogger(__name__)


class Desk:
    """``values`` are the configuration as it is shown. ``apply`` brings a new one to all who serve."""

    def __init__(  # noqa: PLR0913 - what there is to control, once
        self,
        *,
        config: Path,
        values: Mapping[str, object],
        loaded: Loaded,
        fleet: Fleet,
        shared: Shared,
        board: tuple[Scoreboard, CounterTable],
        apply: Callable[[Reading], Awaitable[None]],
        row: int = 0,
    ) -> None:
        self._config = config
        self._settings = loaded.settings
        self._shown = values
        self.trust = loaded.trust
        self._fleet = fleet
        self._cache = SharedCache(shared.cache.open(), shared.seed)
        self._scoreboard, self._table = board
        self._row = self._table.row(row)
        self._apply = apply
        self._asked = asyncio.Event()
        self._last_reload_at: float | None = None
        self._listeners: list[Listener] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Listen, watch and sweep; raises ``ListenError``, ``TlsError``, ``TokenError`` where that cannot be."""
        for listener in filter(None, (self._probe(), self._admin())):
            await listener.start()
            self._listeners.append(listener)
            _log.info("HTTP on %s", listener.address)
        self._tasks = [asyncio.create_task(work()) for work in (self._watch, self._reload_when_asked, self._sweep)]

    async def stop(self) -> None:
        """Stop all of it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for listener in self._listeners:
            await listener.stop()

    def reload(self) -> None:
        """Read the files anew, soon."""
        self._asked.set()

    def _probe(self) -> Listener | None:
        settings = self._settings.probe
        if settings.listen is None:
            return None
        names = self._fleet.names
        servers = [member.name for member in self._fleet.of(Role.SERVER)]
        health = ScoreboardHealth(self._scoreboard, names, servers, self._keys, time.monotonic, PATIENCE)
        build = {"version": version("ext-authz-sidecar"), "python": platform.python_version()}
        metrics = Exposition(
            table=self._table,
            scoreboard=self._scoreboard,
            names=names,
            build=build,
            facts=self._facts,
            clock=time.monotonic,
        )
        limits = Limits(settings.max_connections, settings.timeout_seconds)
        return probe_listener(http_address.parse(settings.listen), health, metrics, limits)

    def _admin(self) -> Listener | None:
        settings = self._settings.admin
        if settings.listen is None:
            return None
        limits = Limits(settings.max_connections, settings.timeout_seconds)
        access = _access(settings, self._config.parent)
        return admin_listener(http_address.parse(settings.listen), access, lambda: self._shown, limits)

    def _keys(self) -> Condition:
        count = sum(len(issuer.keys.keys) for issuer in self.trust.issuers.values())
        return Condition("keys", ok=count > 0, reason="" if count else "none are loaded")

    def _facts(self) -> Facts:
        slots = {"positive": self._cache.slots, "negative": self._cache.negative_slots}
        return Facts(self.trust.digest, self._last_reload_at, slots)

    async def _watch(self) -> None:
        seen = fingerprint(self._config, self._settings)
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            now = fingerprint(self._config, self._settings)
            if now != seen:
                seen = now
                self.reload()

    async def _reload_when_asked(self) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            try:
                await self._reload()
            except Exception:  # noqa: BLE001 - the old configuration stays in force, and the next reload may do better
                _log.exception("reload failed")
                self._row.add(RELOAD[Reload.REFUSED])

    async def _reload(self) -> None:
        try:
            reading = await asyncio.to_thread(read_again, self._config, self._settings)
        except ReloadError as error:
            self._row.add(RELOAD[Reload.REFUSED])
            for line in str(error).splitlines():
                _log.error("new configuration refused, the old stays in force: %s", line)
            return
        if reading.loaded.trust.digest == self.trust.digest:
            _log.debug("configuration read again: nothing has changed")
            return
        await self._apply(reading)
        self.trust = reading.loaded.trust
        self._settings, self._shown = reading.loaded.settings, reading.snapshot.values
        self._last_reload_at = time.time()
        self._row.add(RELOAD[Reload.OK])
        for warning in reading.loaded.warnings:
            _log.warning("%s", warning)
        _log.info("new configuration in force")

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            await asyncio.to_thread(self._cache.sweep, time.time())


def _access(settings: AdminSettings, folder: Path) -> Access:
    token = settings.bearer_token_file
    return Access(
        socket_mode=int(settings.socket_mode, 8),
        token=None if token is None else TokenFile(str(folder / token)),
        tls=None if settings.tls is None else _tls(settings.tls, folder),
        hosts=tuple(settings.allowed_hosts),
    )


def _tls(settings: AdminTlsSettings, folder: Path) -> Tls:
    authority = settings.client_ca_file
    return Tls(
        str(folder / settings.certificate_file),
        str(folder / settings.key_file),
        None if authority is None else str(folder / authority),
    )
