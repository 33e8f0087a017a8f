"""All that an authenticator has in its home loop: the server's engine, and what control does for it.

What control does runs here as well: keys are fetched and files read anew, the denylist is filled, swept and vouched
for, and the cache is swept. There is no listener and no policy (``setup.py``).
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from sidecar.core.check import Checker
from sidecar.core.decision import Denial
from sidecar.core.needs import Decided
from sidecar.core.reason import Reason
from sidecar.core.trust import Trust
from sidecar.engine.denylist import SharedDenylist
from sidecar.engine.engine import Engine, Services
from sidecar.engine.shared_cache import SharedTokenCache
from sidecar.library.clients import ByClient
from sidecar.library.crew import Crew
from sidecar.library.question import question
from sidecar.library.recent import Recent
from sidecar.library.result import Authenticated, Refused, Result, result_of
from sidecar.library.setup import Setup
from sidecar.memory.cache import SharedCache
from sidecar.memory.counters import Row
from sidecar.memory.scoreboard import Overall, State, Supervised
from sidecar.observe.cache_meter import CacheMeter
from sidecar.observe.checks import counting
from sidecar.observe.condition import Condition
from sidecar.observe.process_meter import ProcessMeter
from sidecar.observe.series import Tier
from sidecar.placement.allowance import read_allowance
from sidecar.report.model import Report
from sidecar.runtime.control.desk import Desk
from sidecar.runtime.ipc.fleet import Fleet, Member, Role
from sidecar.runtime.ipc.heartbeat import INTERVAL, Heart
from sidecar.runtime.ipc.revoked import revoked_in
from sidecar.runtime.ipc.shared import Keep, Shared, make_shared, open_board
from sidecar.runtime.serving.introspecting import Introspecting
from sidecar.runtime.serving.own_trust import OwnTrust
from sidecar.runtime.serving.signatures import Signatures
from sidecar.runtime.supervision.planning import plan_fleet
from sidecar.settings import Settings
from sidecar.verify.pool.warm_up import decode_keys, warm_up
from sidecar.verify.routing import usual_budget

#: Seconds at most that opening waits for the first keys, and for the denylist.
READY_SECONDS = 5.0
#: Seconds that a signature may wait for its turn here before it is shed: a batch brings many at once.
WAIT_SECONDS = 1.0
#: Seconds that calls under way get at the end, and between two looks at what is waited for.
GRACE_SECONDS, LOOK_SECONDS = 2.0, 0.01

_log = logging.getLogger(__name__)


class Service:
    """Make it, ``start`` it and ``stop`` it in one loop, once. ``recall`` is for any thread.

    ``clock`` returns seconds since the epoch.
    """

    def __init__(self, setup: Setup, clock: Callable[[], float] = time.time) -> None:
        settings = setup.loaded.settings
        self._kept: Keep = []
        fleet = self._fleet = fleet_of(settings)
        shared = make_shared(fleet, settings.shared_memory_size, settings.denylist_bytes, keep=self._kept)
        board = open_board(shared.board.open(), fleet)
        self._scoreboard, row = board[0], board[1].row(0)
        self._heart, self._process = Heart(board[0], 0, 1), ProcessMeter(row)
        self._own = OwnTrust(setup.loaded, lambda digest: self._desk.refetch(digest))  # noqa: PLW0108 - it is made below
        self._holder = self._own.holder
        self._crew = Crew(fleet, shared, board[0], settings.log_level)
        self._signatures = _signatures(fleet, shared, settings, row)
        trust, denylist = self._holder.reader(), revoked_in(shared)
        cache = SharedCache(shared.cache.open(), shared.seed)
        self._introspector = Introspecting(setup.config.parent, row, trust())
        self.recent = Recent(settings.cache.local_entries, trust, denylist, clock, counting(row))
        self._meters = [(CacheMeter(row, Tier.L1), self.recent.counts), (CacheMeter(row, Tier.L2), cache.counts)]
        self._count = counting(row)
        self._engine = self._made_engine(SharedTokenCache(cache, shared.secret), denylist, trust, clock)
        self._desk = Desk(
            config=setup.config,
            snapshot=setup.snapshot,
            loaded=setup.loaded,
            fleet=fleet,
            shared=shared,
            board=board,
            apply=self._own.apply,
            load=setup.load,
            reports=True,
        )
        self._metrics, self._health = self._desk.metrics(), self._desk.health()
        self._tasks: list[asyncio.Task[None]] = []
        self._calls: set[asyncio.Task[object]] = set()
        self._is_ending = False
        #: Calls of one batch that are under way at once: what the verifiers have room for, and little more.
        self.at_once = 128 * max(1, fleet.verifiers)

    def _made_engine(
        self,
        tokens: SharedTokenCache,
        denylist: SharedDenylist | None,
        trust: Callable[[], Trust],
        clock: Callable[[], float],
    ) -> Engine:
        """Return the server's engine, over what is there by now."""
        refetching = self._own.refetching
        checker = Checker(trust, tokens, gate=self._signatures.gate, denylist=denylist, refetches=refetching)
        services = Services(
            verify=self._signatures.verify, refetch=refetching.refetch, introspect=self._introspector.introspect
        )
        return Engine(checker, services, clock, lambda: trust().response.realm, self._observe)

    @property
    def is_ending(self) -> bool:
        """Say whether it was told to stop: from then on nobody is let in, known or not."""
        return self._is_ending

    @property
    def verifier_pids(self) -> Sequence[int]:
        """Return the process ids of the verifiers that run."""
        return self._crew.pids

    async def start(self) -> None:
        """Begin; return once keys and denylist are there, or had their time: until they are, tokens are refused.

        Raises ``FeedFileError`` for files of the feed that cannot be used.
        """
        warm_up()
        decode_keys(self._holder.given)
        self._scoreboard.write_supervised(
            0, Supervised(os.getpid(), 1, 0, crash_loop=False, started_at=time.monotonic())
        )
        self._signatures.open()
        await asyncio.to_thread(self._crew.start)
        self._heart.state = State.READY
        self._tell()
        await self._desk.start()
        self._tasks = [asyncio.create_task(self._beat()), asyncio.create_task(self._crew.follow())]
        with suppress(TimeoutError):
            async with asyncio.timeout(READY_SECONDS):
                await self._desk.first_look()
                while not all(one.ok for one in self._health.own()):  # noqa: ASYNC110 - nothing tells of it
                    await asyncio.sleep(LOOK_SECONDS)

    async def stop(self, *, cancel: bool) -> None:
        """End what is under way, then all of it; ``cancel`` what takes too long, where its tasks are nobody else's."""
        self._is_ending = True
        until = time.monotonic() + GRACE_SECONDS
        while self._calls and time.monotonic() < until:  # noqa: ASYNC110 - the same
            await asyncio.sleep(LOOK_SECONDS)
        others = [*self._own.asking, *self._tasks, *(self._calls if cancel else ())]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._desk.stop()
        await self._introspector.close()
        self._signatures.close()
        await asyncio.to_thread(self._crew.stop)
        for one in self._kept:
            one.close()

    def abandon(self) -> None:
        """End the verifiers, and nothing else; for any thread."""
        self._crew.stop()

    async def authenticate(self, token: str, client: str, timeout: float | None) -> Result:  # noqa: ASYNC109 - the engine's
        """Ask the engine about ``token``, which nobody remembers. Raises nothing but ``asyncio.CancelledError``."""
        if self._is_ending:
            return Refused(Reason.INTERNAL_ERROR, "the authenticator was closed")
        task = asyncio.current_task()
        is_new = task is not None and task not in self._calls
        if task is not None:
            self._calls.add(task)
        try:
            decided = await self._engine.decide(question(token, client), timeout)
            result = result_of(decided)
            if isinstance(result, Authenticated) and decided.identity is not None:
                self.recent.remember(token, decided.identity, decided, result)
        except Exception:  # noqa: BLE001 - whatever it is, it is no reason to let anybody in
            _log.exception("a token could not be looked at, refused")
            return Refused(Reason.INTERNAL_ERROR)
        finally:
            if task is not None and is_new:
                self._calls.discard(task)
        return result

    def refuse(self, refused: Refused) -> Refused:
        """Count a token that is refused before anybody is asked about it."""
        self._observe(Decided(Denial(refused.reason), b""), 0.0, b"", False)  # noqa: FBT003 - a fact
        return refused

    def metrics(self) -> str:
        """Return the metrics."""
        self._publish()
        return self._metrics.exposition().decode()

    def health(self) -> Sequence[Condition]:
        """Return what must be so for tokens to be taken."""
        self._tell()
        return self._health.readiness()

    def report(self) -> Report:
        """Return the report."""
        self._publish()
        return self._desk.report()

    def _observe(self, decided: Decided, seconds: float, request: bytes, waited: bool) -> None:  # noqa: FBT001 - a fact
        with self.recent.lock:
            self._count(decided, seconds, request, waited)

    async def _beat(self) -> None:
        while True:
            self._holder.look()
            self._tell()
            self._publish()
            began = time.monotonic()
            await asyncio.sleep(INTERVAL)
            self._process.late(time.monotonic() - began - INTERVAL)

    def _tell(self) -> None:
        self._scoreboard.write_overall(Overall(os.getpid(), time.monotonic(), self._own.generation))
        self._heart.trust_digest = self._holder.trust.digest
        self._heart.beat()

    def _publish(self) -> None:
        for meter, counts in self._meters:
            meter.publish(counts)
        self._signatures.publish()
        self._process.publish()


def _signatures(fleet: Fleet, shared: Shared, settings: Settings, row: Row) -> Signatures:
    budget = ByClient(usual_budget())
    return Signatures(fleet.members[0], fleet, shared, settings, row, budget=budget, wait_seconds=WAIT_SECONDS)


def fleet_of(settings: Settings) -> Fleet:
    """Return this process, as a server, and its verifiers: none with ``enable_multiprocessing: false``."""
    planned = plan_fleet(settings, read_allowance(warn=_warn), _warn)
    verifiers = planned.of(Role.VERIFIER) if settings.enable_multiprocessing else []
    chosen = [*planned.of(Role.SERVER)[:1], *verifiers]
    members = tuple(Member(index, one.role, one.number, one.place) for index, one in enumerate(chosen))
    return Fleet(members, 1, len(verifiers), planned.jwt_verifiers if verifiers else 0)


def _warn(text: str) -> None:
    _log.warning("%s", text)
