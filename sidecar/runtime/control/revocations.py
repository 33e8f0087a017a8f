"""All there is to revocation in control: file, feed and API fill the list, which is swept and vouched for here.

While the list is not vouched for nobody is let in (``revocation_unknown``). It is from when file and feed were read to
their ends: for ever, or with ``on_feed_loss: deny`` a little longer than the feed was last at its end. A control
process that takes over finds the list and what was vouched for as the last one left them. Should the clock be set back
so far that what was over is in force again, the list is vouched for once file and feed were read again.
"""

import asyncio
import logging
import math
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from sidecar.core.trust import Trust
from sidecar.http.admin import Route
from sidecar.keys.remote.clock import boot_clock
from sidecar.memory.counters import Row
from sidecar.memory.denylist_layout import NEVER, DenylistFullError
from sidecar.memory.segment import Segment
from sidecar.observe.pool_meter import PoolMeter
from sidecar.observe.pool_series import Pool
from sidecar.observe.revocation_series import Revocation, Source
from sidecar.observe.series import REVOCATION
from sidecar.revocation.clock import SteadyClock
from sidecar.revocation.following import end
from sidecar.revocation.keeper import Keeper
from sidecar.revocation.lifetime import Lifetimes, lifetimes
from sidecar.revocation.store import Store
from sidecar.runtime.control.feed_files import FeedFileError
from sidecar.runtime.control.revocation_api import RevocationApi
from sidecar.runtime.control.revocation_feed import RevocationFeed
from sidecar.runtime.control.revocation_file import RevocationFile
from sidecar.runtime.control.revocation_state import RevocationState
from sidecar.settings.revocation import RevocationSettings
from sidecar.verify.hashing.pool import HashPool

#: Seconds between two sweeps, and between two looks whether the list can be vouched for.
SWEEP_SECONDS, LOOK_SECONDS = 30.0, 0.25
#: Seconds in which all of the feed is to be read again, before tokens may live longer.
READ_SECONDS = 10.0
#: Seconds between two looks at the file of the feed's signers, and at the clock.
KEYS_SECONDS, CLOCK_SECONDS = 2.0, 1.0

_log = logging.getLogger(__name__)


class NotReadyError(Exception):
    """What is revoked is not known well enough for another configuration. The text says why."""


class Revocations:
    """``start`` it in the loop; ``folder`` is the configuration's. ``workers``: processes that hash.

    ``takes_over``: another control process was here before, so that what does not do is waited for.
    """

    def __init__(  # noqa: PLR0913 - what there is to it, once
        self,
        *,
        settings: RevocationSettings,
        folder: Path,
        segment: Segment,
        key: bytes,
        workers: int,
        trust: Trust,
        row: Row,
        takes_over: bool = False,
    ) -> None:
        self._takes_over = takes_over
        self._settings, self._row, self._trust = settings, row, trust
        self._lifetimes = lifetimes(trust)
        self._owes_reading = False
        self._pool = HashPool(workers, told=PoolMeter(row, Pool.HASH))
        keeper = Keeper(segment, key, self._pool, partial(SteadyClock, time.time, boot_clock))
        self._store = Store(keeper, self._lifetimes_now, time.time, self._count)
        self._file = None if settings.file is None else RevocationFile(folder / settings.file, self._store)
        self._feed: RevocationFeed | None = None
        if settings.feed is not None:
            self._feed = RevocationFeed(settings.feed, folder, self._store, self._vouch, self._miss)
        self.state = RevocationState(self._store, self._file, self._feed)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def hash_processes(self) -> int:
        """Return how many processes there are that hash, beside this one."""
        return len(self._pool.pids)

    async def start(self) -> None:
        """Fill the list, and keep it; raises ``FeedFileError`` where nobody was here before."""
        if self._feed:
            self._try_files(self._feed)
        await asyncio.to_thread(self._pool.start)
        works = [self._sweep, self._follow_clock, self._feed.follow if self._feed else self._look]
        works += [self._file.watch] if self._file else []
        self._tasks = [asyncio.create_task(work()) for work in works]

    def _try_files(self, feed: RevocationFeed) -> None:
        try:
            feed.read_files()
        except FeedFileError as error:
            if not self._takes_over:
                raise
            _log.error("%s; it is tried again", error)

    async def stop(self) -> None:
        """Stop; the list stays as it is."""
        await asyncio.gather(*map(end, self._tasks))
        await self._store.close()
        await asyncio.to_thread(self._pool.close)

    async def prepare(self, trust: Trust) -> None:
        """Make sure that what is revoked stays so under another Trust, before anybody goes by it.

        Where tokens may live longer under it, all entries end as much later, and what can be read again is: some of it
        may have been over. Raises ``NotReadyError`` where that cannot be done now.
        """
        before, after = self._lifetimes, lifetimes(trust)
        await self._store.postpone(after.longer_by(before), partial(self._go_by, after.joined(before)))
        self._owes_reading |= after.exceed(before)
        if self._owes_reading:
            await self._read_all_again()
            self._owes_reading = False

    def renew(self, trust: Trust) -> None:
        """Go by another Trust, which was prepared for."""
        self._trust, self._lifetimes = trust, lifetimes(trust)

    def _go_by(self, found: Lifetimes) -> None:
        self._lifetimes = found

    async def _read_all_again(self) -> None:
        began = time.monotonic()
        try:
            if self._file:
                await self._file.read()
        except (OSError, DenylistFullError) as error:
            raise NotReadyError(f"revocation.file: {error}") from None
        if self._feed is None:
            return
        self._feed.feed.begin_anew()
        while (self._feed.feed.state.at_end or 0.0) < began:
            if time.monotonic() > began + READ_SECONDS:
                raise NotReadyError(f"revocation.feed: {self._feed.feed.state.trouble or 'not read again yet'}")
            await asyncio.sleep(LOOK_SECONDS)

    def routes(self) -> Sequence[Route]:
        """Return what the administration has of it."""
        if not self._settings.admin_api:
            return ()
        publish = None if self._feed is None else self._feed.publish
        return RevocationApi(self._store, lambda: self._trust, publish, self.state.counted).routes()

    def _read_anew(self, *, owed: bool = False) -> None:
        if self._file:
            self._file.forget(owed=owed)
        if self._feed:
            self._feed.feed.begin_anew(owed=owed)

    def _lifetimes_now(self) -> Lifetimes:
        return self._lifetimes

    def _count(self, source: Source, result: Revocation, number: int) -> None:
        self._row.add(REVOCATION[source, result], number)

    async def _vouch(self) -> None:
        """Vouch for the list, if it is complete now."""
        settings = self._settings
        file = self._file
        if file is not None and (file.owed or not (file.complete or self.state.was_complete)):
            return
        if self._feed is not None and (not self._feed.feed.state.caught_up or self._must_not_miss()):
            return
        seconds = settings.feed.loss_seconds if settings.feed and settings.on_feed_loss == "deny" else math.inf
        await self._store.vouch(time.time() + seconds)

    async def _miss(self) -> None:
        """Remember a gap in the feed; where its loss denies, vouch for nothing more until the sidecar is restarted."""
        await self._store.miss()
        if self._must_not_miss():
            await self._store.vouch(0)

    def _must_not_miss(self) -> bool:
        return self._settings.on_feed_loss == "deny" and self.state.has_gap

    async def _look(self) -> None:
        """Vouch for the list as soon as that can be, where no feed says when."""
        while True:
            if self._store.keeper.room().vouched_until != NEVER:
                await self._vouch()
            await asyncio.sleep(LOOK_SECONDS)

    async def _follow_clock(self) -> None:
        """Read file and feed anew, and vouch for nothing meanwhile, where what was over has come into force again."""
        while True:
            if await self._store.lacks():
                _log.error(
                    "the clock was set back: entries that were over are in force again; reading file and feed anew "
                    "(what was posted and erased must be posted again)"
                )
                # INVARIANT: in this order, so that nobody vouches for the list afterwards by what was read before.
                if self._file and self.state.was_complete:
                    self._file.complete = True
                self._read_anew(owed=True)
                await self._store.disown()
            await asyncio.sleep(CLOCK_SECONDS)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            await self._store.sweep()
