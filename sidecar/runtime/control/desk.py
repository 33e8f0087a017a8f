"""What control does for all: probes and administration over HTTP, reload, sweep. The single process has it as well."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from sidecar.core.reason import Reason
from sidecar.core.trust import Trust
from sidecar.hooking.facts import HookFacts, read_facts
from sidecar.http import address as http_address
from sidecar.http.guard import TokenFile
from sidecar.http.listeners import Access, admin_listener, probe_listener
from sidecar.http.message import Page
from sidecar.http.server import Limits, Listener
from sidecar.loading.load import Configuration
from sidecar.loading.snapshot import Snapshot
from sidecar.loading.trust import Loaded
from sidecar.memory.cache import SharedCache
from sidecar.memory.counters import CounterTable, Row
from sidecar.memory.recent import RecentRing
from sidecar.memory.scoreboard import Scoreboard
from sidecar.observe.checks import with_reason
from sidecar.observe.condition import Condition
from sidecar.observe.exposition import Exposition
from sidecar.observe.facts import RevocationFacts
from sidecar.observe.health import ScoreboardHealth
from sidecar.observe.recently import Recently
from sidecar.report.model import Report
from sidecar.runtime.control.allowance_watch import AllowanceWatch
from sidecar.runtime.control.denials import Denials
from sidecar.runtime.control.explaining import Explaining
from sidecar.runtime.control.hook_files import HookFiles
from sidecar.runtime.control.key_set import PublishedKeys
from sidecar.runtime.control.measuring import Measuring
from sidecar.runtime.control.reload import Reading, ReloadError
from sidecar.runtime.control.reporting import Reporting, reporting_of
from sidecar.runtime.control.revocations import NotReadyError, Revocations
from sidecar.runtime.control.rotation import KeyUses
from sidecar.runtime.control.warm_up import WarmUp
from sidecar.runtime.control.warm_up_api import Warm, WarmUpApi
from sidecar.runtime.control.watch import WATCH_SECONDS, Reloads
from sidecar.runtime.ipc.fleet import Fleet, Role
from sidecar.runtime.ipc.heartbeat import PATIENCE
from sidecar.runtime.ipc.revoked import revoked_in
from sidecar.runtime.ipc.shared import Shared
from sidecar.settings.http import AdminSettings
from sidecar.status.pages import StatusPages
from sidecar.transport.tls import tls_in

#: Seconds between two sweeps of the shared cache.
SWEEP_SECONDS = 30.0
#: Seconds after the last check that was denied since Envoy's configuration is too old, for which it counts as such.
STALE_SECONDS = 30.0

#: Seconds that all servers get to change over to new keys, before whoever asked for them is answered.
SETTLE_SECONDS = 15.0

_log = logging.getLogger(__name__)


class Desk:
    """``snapshot`` is the configuration in force. ``apply`` brings a new one to all who serve.

    ``published`` are the keys of assertions, if there are any. ``takes_over``: there was another one before, and the
    servers go on. ``load`` reads the configuration in place of ``config``. ``reports``: whether ``report`` is asked
    for, beside the administration. ``warm`` has tokens verified for the cache.
    """

    def __init__(  # noqa: PLR0913 - what there is to control, once
        self,
        *,
        config: Path,
        snapshot: Snapshot,
        loaded: Loaded,
        fleet: Fleet,
        shared: Shared,
        board: tuple[Scoreboard, CounterTable],
        apply: Callable[[Reading], Awaitable[None]],
        row: int = 0,
        published: PublishedKeys | None = None,
        takes_over: bool = False,
        load: Callable[[], Configuration] | None = None,
        reports: bool = False,
        warm: Warm | None = None,
    ) -> None:
        self._config, self._warm = config, warm
        self._published = published
        self._settings = loaded.settings
        self._fleet = fleet
        self._cache = SharedCache(shared.cache.open(), shared.seed)
        self._scoreboard, self._table = board
        self._stale_envoy = Recently(self._denied_for_stale_envoy, time.monotonic, STALE_SECONDS)
        self._apply = apply
        self._revocations = _revocations(loaded, config.parent, shared, self._table.row(row), takes_over=takes_over)
        self._reloads = Reloads(config, snapshot, loaded, self._renew, self._table.row(row), load=load)
        self.key_uses = KeyUses()
        hooks = read_facts(snapshot.hooks)
        self._hook_files = HookFiles(hooks)
        self._explaining = Explaining(
            lambda: self.trust, revoked_in(shared), time.time, time.monotonic, self._reloads.places
        )
        self._allowance = AllowanceWatch(self._settings, fleet.servers)
        self._measuring = Measuring(
            settings=self._settings,
            folder=config.parent,
            fleet=fleet,
            shared=shared,
            board=board,
            cache=self._cache,
            reloads=self._reloads,
            key_uses=self.key_uses,
            hash_processes=lambda: self._revocations.hash_processes if self._revocations else 0,
            revocation=self._revocation_facts,
            allowance=self._allowance.facts,
        )
        reports = reports or self._settings.admin.listen is not None
        self._reporting = self._report_on(hooks) if reports else None
        self._warm_up = self._keeping(shared, takes_over=takes_over)
        recent = shared.recent.open()
        self._denials = Denials([RecentRing(recent, number) for number in range(fleet.servers)])
        self._listeners: list[Listener] = []
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def trust(self) -> Trust:
        """Return the Trust in force."""
        return self._reloads.trust

    async def start(self) -> None:
        """Listen, watch and sweep.

        Raises ``ListenError``, ``TlsError``, ``TokenError`` and ``FeedFileError`` where that cannot be.
        """
        if self._revocations:
            await self._revocations.start()
        for listener in filter(None, (self._probe(), self._admin())):
            await listener.start()
            self._listeners.append(listener)
            _log.info("HTTP on %s", listener.address)
        works = [self._reloads.watch, self._reloads.work, self._sweep, self._measuring.follow, self._allowance.follow]
        if self._published is not None:
            works.append(self._published.follow)
        if self._reporting is not None:
            works.append(self._reporting.follow)
        if self._settings.hooks:
            works.append(self._look_at_hooks)
        if self._warm_up is not None:
            works.append(self._warm_up.follow)
        self._tasks = [asyncio.create_task(work()) for work in works]
        self._reloads.fetching.follow()
        # Should the files have changed while nobody looked: of what is in force already nothing comes.
        self.reload()

    async def stop(self) -> None:
        """Stop all of it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._warm_up is not None:
            await self._warm_up.keep()
        await self._reloads.fetching.stop()
        for listener in self._listeners:
            await listener.stop()
        if self._revocations:
            await self._revocations.stop()

    def health(self) -> ScoreboardHealth:
        """Return what probes ask."""
        servers = [member.name for member in self._fleet.of(Role.SERVER)]
        names = self._fleet.names
        return ScoreboardHealth(self._scoreboard, names, servers, self._conditions, time.monotonic, PATIENCE)

    def metrics(self) -> Exposition:
        """Return the metrics."""
        return self._measuring.exposition()

    def report(self) -> Report:
        """Return the report as of now; takes some milliseconds. Raises ``RuntimeError`` where nobody was to ask."""
        if self._reporting is None:
            raise RuntimeError("a desk without reports")
        return self._reporting.report_now()

    async def first_look(self) -> None:
        """Return once the keys of all issuers were asked for once, and what came of it is in force. Raises nothing."""
        await asyncio.gather(*(source.fetch() for source in self._reloads.fetching.sources.all))
        await self._reloads.settled()

    def reload(self) -> None:
        """Read the files anew, soon."""
        self._reloads.ask()

    async def _renew(self, reading: Reading) -> None:
        if self._revocations:
            try:
                await self._revocations.prepare(reading.loaded.trust)
            except NotReadyError as error:
                text = f"tokens may live longer under it, and what is revoked could not be read again: {error}"
                raise ReloadError(text, reading.seen) from None
        await self._apply(reading)
        self.key_uses.keep(reading.loaded.trust)
        if self._revocations:
            self._revocations.renew(reading.loaded.trust)

    async def refetch(self, issuer_digest: bytes) -> float:
        """Have the keys of an issuer fetched, unless that was done a moment ago, and all servers change over to them.

        Return in how many seconds asking again would fetch again. ``issuer_digest`` is that of its configuration.
        """
        issuer = next((one for one in self.trust.issuers.values() if one.digest == issuer_digest), None)
        source = None if issuer is None else self._reloads.fetching.sources.of(issuer.issuer)
        if source is None:
            return 0.0
        await source.refetch()
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_SECONDS):
                await self._reloads.settled()
        return source.refetch_in()

    def _report_on(self, hooks: Sequence[HookFacts]) -> Reporting:
        return reporting_of(
            board=(self._scoreboard, self._table),
            fleet=self._fleet,
            folder=self._config.parent,
            hooks=hooks,
            settings=lambda: self._reloads.settings,
            facts=self._measuring.facts,
            pools=self._measuring.pools,
        )

    def _keeping(self, shared: Shared, *, takes_over: bool) -> WarmUp | None:
        if self._settings.warm_up is None:
            return None
        return WarmUp(
            self._settings.warm_up,
            self._config.parent,
            self._cache,
            shared.seal,
            trust=lambda: self.trust,
            is_ready=self._knows_all,
            restore_first=not takes_over,
        )

    def _knows_all(self) -> bool:
        """Say whether all that is fetched is there and in force, and what is revoked is known."""
        fetching = self._reloads.fetching
        held = all(source.held.document is not None for source in fetching.sources.all)
        bundle = fetching.bundle is None or fetching.bundle.held is not None
        # Keys that are held and not in force yet: the Trust of the snapshot is about to be, and is not this one.
        known = held and bundle and self._reloads.is_settled
        return known and (self._revocations is None or self._revocations.state.is_vouched)

    def _probe(self) -> Listener | None:
        settings = self._settings.probe
        if settings.listen is None:
            return None
        limits = Limits(settings.max_connections, settings.timeout_seconds)
        address = http_address.parse(settings.listen)
        return probe_listener(address, self.health(), self.metrics(), limits, self._published)

    def _admin(self) -> Listener | None:
        settings = self._settings.admin
        if settings.listen is None:
            return None
        limits = Limits(settings.max_connections, settings.timeout_seconds)
        access = _access(settings, self._config.parent)
        routes = [*(self._revocations.routes() if self._revocations else ()), self._explaining.route()]
        if self._warm is not None:
            routes += WarmUpApi(self._warm, self._warm_up).routes()
        keeps_denials = self._settings.keeps_denials
        if keeps_denials:
            routes.append(self._denials.route())
        pages: Mapping[str, Page] = {}
        if self._reporting is not None:
            routes.append(self._reporting.route())
            denials = self._denials.newest if keeps_denials else lambda: None
            pages = StatusPages(self._reporting.report, denials, lambda: self.trust).pages()
        address, values = http_address.parse(settings.listen), lambda: self._reloads.snapshot.values
        return admin_listener(address, access, values, limits, routes, pages=pages)

    def _conditions(self) -> Sequence[Condition]:
        count = sum(len(issuer.vouchers) for issuer in self.trust.issuers.values())
        stale = "does not send all headers that policies look at" if self._stale_envoy.has_happened() else ""
        conditions = [
            Condition("keys", ok=count > 0, reason="" if count else "none are loaded"),
            *self._reloads.fetching.conditions(),
            Condition("envoy-config", ok=not stale, reason=stale),
        ]
        if self.trust.policy.dry_run:
            conditions.append(Condition("dry-run", ok=True, reason="nothing is enforced"))
        if self._published is not None:
            known = self._published.document is not None
            reason = "" if known else "no minting process has told its keys"
            conditions.append(Condition("assertion-keys", ok=known, reason=reason))
        conditions += [*self._hook_files.conditions(), *self._allowance.conditions()]
        return [*conditions, *(self._revocations.state.conditions() if self._revocations else ())]

    def _denied_for_stale_envoy(self) -> int:
        return with_reason(self._table.totals().labelled, Reason.ENVOY_CONFIG_STALE)

    def _revocation_facts(self) -> RevocationFacts | None:
        return self._revocations.state.facts() if self._revocations else None

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            await asyncio.to_thread(self._cache.sweep, time.time())

    async def _look_at_hooks(self) -> None:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            await asyncio.to_thread(self._hook_files.look)


def _revocations(loaded: Loaded, folder: Path, shared: Shared, row: Row, *, takes_over: bool) -> Revocations | None:
    settings = loaded.settings
    if settings.revocation is None or shared.denylist is None:
        return None
    return Revocations(
        settings=settings.revocation,
        folder=folder,
        segment=shared.denylist.open(),
        key=shared.denylist_key,
        workers=settings.hash_processor_workers,
        trust=loaded.trust,
        row=row,
        takes_over=takes_over,
    )


def _access(settings: AdminSettings, folder: Path) -> Access:
    token = settings.bearer_token_file
    return Access(
        socket_mode=int(settings.socket_mode, 8),
        token=None if token is None else TokenFile(str(folder / token)),
        tls=None if settings.tls is None else tls_in(folder, settings.tls),
        hosts=tuple(settings.allowed_hosts),
    )
