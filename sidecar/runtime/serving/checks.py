"""A front that answers checks, with everything behind it: what a server process has, and the single process too."""

import asyncio
import importlib
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.core.assertion import NO_RENEWALS
from sidecar.core.check import Checker
from sidecar.core.dpop import Proofs
from sidecar.core.trust import Trust
from sidecar.engine.engine import Engine, Services, ask_nobody, mints_nothing
from sidecar.engine.local_cache import LocalCache
from sidecar.engine.replays import SharedReplays
from sidecar.engine.shared_cache import SharedTokenCache
from sidecar.keys.proof_key import read_proof_key
from sidecar.memory.cache import SharedCache
from sidecar.memory.counters import Row
from sidecar.memory.replays import ReplayTable
from sidecar.observe.cache_meter import CacheMeter
from sidecar.observe.series import Tier
from sidecar.observe.span_meter import SpanMeter
from sidecar.observe.transport_meter import TransportMeter
from sidecar.runtime.ipc.fleet import Fleet, Member
from sidecar.runtime.ipc.heartbeat import KEYS_USED_SECONDS
from sidecar.runtime.ipc.revoked import revoked_in
from sidecar.runtime.ipc.shared import Shared
from sidecar.runtime.serving.asserting import Asserting
from sidecar.runtime.serving.forks import leave_forks_alone
from sidecar.runtime.serving.front import front_for
from sidecar.runtime.serving.hooks import asker_of
from sidecar.runtime.serving.introspecting import Introspecting
from sidecar.runtime.serving.observing import observer_of
from sidecar.runtime.serving.refetching import Refetching
from sidecar.runtime.serving.signatures import Signatures
from sidecar.runtime.serving.tracing import LAST_SECONDS, note_route, tracing_of
from sidecar.settings import Settings
from sidecar.transport.address import numbered, parse_anywhere

if TYPE_CHECKING:
    from sidecar.runtime.serving.forward_auth import ForwardAuthFront
    from sidecar.runtime.serving.telling import Telling

#: Seconds for writing what is still to be told of checks, at the end; and how many, however long the checks took.
FLUSH_SECONDS, LEAST_FLUSH_SECONDS = 1.0, 0.2


class Checks:
    """Answers checks under whatever ``trust`` returns.

    ``asserting`` is for assertions, if there are any. ``hooks`` is what the hooks are (``loading.snapshot``).
    ``is_first``: the process had no predecessor.
    """

    def __init__(  # noqa: PLR0913 - what there is to a server, once
        self,
        *,
        member: Member,
        fleet: Fleet,
        shared: Shared,
        settings: Settings,
        folder: Path,
        trust: Callable[[], Trust],
        refetching: Refetching,
        row: Row,
        asserting: Asserting | None = None,
        hooks: bytes = b"",
        is_first: bool = True,
    ) -> None:
        leave_forks_alone()
        self._row, self._trust = row, trust
        self._told_at = time.monotonic()
        self._asserting = asserting
        tracing = self._tracing = tracing_of(settings, folder, member.name, row, trust)
        self._span_meter = SpanMeter(row)
        self._signatures = Signatures(member, fleet, shared, settings, row, None if tracing is None else note_route)
        self._shared_cache = SharedCache(shared.cache.open(), shared.seed)
        self._local_cache = LocalCache(settings.cache.local_entries)
        self._meters = [
            (CacheMeter(row, Tier.L1), self._local_cache.counts),
            (CacheMeter(row, Tier.L2), self._shared_cache.counts),
        ]
        self._tokens = SharedTokenCache(self._shared_cache, shared.secret)
        self._introspector = Introspecting(folder, row, trust())
        self._hooks = asker_of(settings, folder, hooks, row) if settings.hooks else None
        services = Services(
            verify=self._signatures.verify,
            refetch=refetching.refetch,
            mint=mints_nothing if asserting is None else asserting.mint,
            introspect=self._introspector.introspect,
            ask=ask_nobody if self._hooks is None else self._hooks.ask,
        )
        self._telling: Telling | None = None
        if settings.decision_log.is_written or settings.keeps_denials:
            # Nothing looks at checks, and nothing is loaded that would, where nothing is told of them.
            made = importlib.import_module("sidecar.runtime.serving.telling").Telling
            self._telling = made(settings, folder, trust, row, shared.recent.open(), member)
        if tracing is not None:
            services = tracing.services(services)
        watchers = [one.watch for one in (tracing, self._telling) if one is not None]
        checker, observer = self._checker(trust, shared, refetching), observer_of(row, watchers)
        engine = Engine(checker, services, time.time, lambda: trust().response.realm, observer)
        calls = None if tracing is None else tracing.calls(engine.begin)
        self._front = front_for(settings, engine, folder, calls, is_first=is_first)
        self._transport_meter = TransportMeter(row)
        self._forward_auth: ForwardAuthFront | None = None
        if settings.forward_auth is not None:
            # Loaded only where it is used, with aiohttp.
            made = importlib.import_module("sidecar.runtime.serving.forward_auth").ForwardAuthFront
            self._forward_auth = made(settings, settings.forward_auth, engine, trust, member.number, row)
        wanted = parse_anywhere(settings.listen)
        self._wanted = wanted if settings.listen_mode == "shared" else numbered(wanted, member.number)
        self.address = ""

    def _checker(self, trust: Callable[[], Trust], shared: Shared, refetching: Refetching) -> Checker:
        replays = SharedReplays(ReplayTable(shared.replays.open(), shared.secret))
        return Checker(
            trust,
            self._tokens,
            self._local_cache,
            self._signatures.gate,
            refetches=refetching,
            renewals=NO_RENEWALS if self._asserting is None else self._asserting.renewals,
            denylist=revoked_in(shared),
            proofs=Proofs(read_proof_key, replays),
        )

    async def start(self) -> None:
        """Answer from now on, on ``address``; raises ``AddressError`` where that cannot be."""
        if self._tracing is not None:
            self._tracing.open()
        self._signatures.open()
        if self._asserting is not None:
            self._asserting.open()
        if self._hooks is not None:
            await self._hooks.open()
        if self._telling is not None:
            self._telling.open()
        self.address = str(await self._front.start(self._wanted))
        if self._forward_auth is not None:
            await self._forward_auth.start()

    async def stop(self, grace: float) -> None:
        """Say NOT_SERVING and GOAWAY, and end when what is under way is answered, or after ``grace`` seconds."""
        until = time.monotonic() + grace
        if self._forward_auth is None:
            await self._front.stop(grace)
        else:
            await asyncio.gather(self._front.stop(grace), self._forward_auth.stop(grace))
        if self._telling is not None:
            await self._telling.close(min(FLUSH_SECONDS, max(LEAST_FLUSH_SECONDS, until - time.monotonic())))
        await self._introspector.close()
        self._signatures.close()
        if self._hooks is not None:
            await self._hooks.close()
        if self._asserting is not None:
            self._asserting.close()
        if self._tracing is not None:
            await self._tracing.close(max(LAST_SECONDS, until - time.monotonic()))
            self._span_meter.publish(self._tracing)

    async def warm(self, tokens: Sequence[str]) -> Mapping[str, int]:
        """Verify ``tokens`` for the shared cache; return how many ended how."""
        from sidecar.runtime.serving.warming import Warming  # noqa: PLC0415 - where it is asked for alone

        return await Warming(self._trust, self._signatures.verify_in_bulk, self._tokens).warm(tokens)

    def connections(self) -> int:
        """Return how many connections are open. Envoy's own and its health checks' are all there should be."""
        return self._front.connections + (0 if self._forward_auth is None else self._forward_auth.connections)

    def hook_load(self) -> tuple[int, int]:
        """Return how many processes are ready to ask hooks, and how many checks wait for one."""
        return (0, 0) if self._hooks is None else (self._hooks.processes, self._hooks.waiting)

    def keys_used(self) -> set[bytes]:
        """Return the digests of the keys that tokens were signed with which came since the last time, and were good.

        Nothing before it is time to tell of them again.
        """
        if time.monotonic() - self._told_at < KEYS_USED_SECONDS:
            return set()
        self._told_at = time.monotonic()
        met, self._tokens.keys_met = self._tokens.keys_met, set()
        return met | {one.identity.key_digest for one in self._local_cache.used() if one.identity is not None}

    def publish(self) -> None:
        """Bring the counters up to date, and forget what a key signed that is gone; with each heartbeat."""
        for meter, counts in self._meters:
            meter.publish(counts)
        self._transport_meter.publish(self._front.counts, self._front.streams)
        if self._forward_auth is not None:
            self._forward_auth.publish()
        self._signatures.publish()
        if self._tracing is not None:
            self._span_meter.publish(self._tracing)
        if self._asserting is None:
            return
        self._asserting.publish()
        if self._asserting.has_lost_a_key():
            # With its assertions, which are in there. The identities are in the shared cache still.
            self._local_cache.clear()
