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
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from sidecar.core.strict_json import Json
from sidecar.core.trust import Trust
from sidecar.http.admin import Route
from sidecar.keys.remote.source import boot_clock
from sidecar.memory.counters import Row
from sidecar.memory.denylist_layout import NEVER, DenylistFullError
from sidecar.memory.segment import Segment
from sidecar.observe.condition import Condition
from sidecar.observe.exposition import RevocationFacts
from sidecar.observe.series import REVOCATION, Revocation, Source
from sidecar.revocation.clock import SteadyClock
from sidecar.revocation.dating import Arrived, dated
from sidecar.revocation.entry import Entry
from sidecar.revocation.feed import Feed, FeedError, NotTakenError, end
from sidecar.revocation.keeper import Keeper
from sidecar.revocation.lifetime import Lifetimes, lifetimes
from sidecar.revocation.message import ForgedError, read_message, sign
from sidecar.revocation.store import Store
from sidecar.runtime.control.feed_files import FeedFileError, KeysFile, redis_at, signing_key
from sidecar.runtime.control.revocation_api import RevocationApi
from sidecar.runtime.control.revocation_file import RevocationFile
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
        self._settings, self._folder, self._row, self._trust = settings, folder, row, trust
        self._lifetimes = lifetimes(trust)
        self._owes_reading = False
        self._pool = HashPool(workers)
        keeper = Keeper(segment, key, self._pool, partial(SteadyClock, time.time, boot_clock))
        self._store = Store(keeper, self._lifetimes_now, time.time, self._count)
        self._file = None if settings.file is None else RevocationFile(folder / settings.file, self._store)
        self._feed: Feed | None = None
        self._keys: KeysFile | None = None
        if settings.feed is not None:
            self._feed = Feed(redis_at(settings.feed, folder), self._take, self._vouch, self._miss)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Fill the list, and keep it; raises ``FeedFileError`` where nobody was here before."""
        try:
            self._read_feed_files()
        except FeedFileError as error:
            if not self._takes_over:
                raise
            _log.error("%s; it is tried again", error)
        await asyncio.to_thread(self._pool.start)
        works = [self._sweep, self._follow_clock, self._follow_feed if self._feed else self._look]
        works += [self._file.watch] if self._file else []
        self._tasks = [asyncio.create_task(work()) for work in works]

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
        self._feed.begin_anew()
        while (self._feed.state.at_end or 0.0) < began:
            if time.monotonic() > began + READ_SECONDS:
                raise NotReadyError(f"revocation.feed: {self._feed.state.trouble or 'not read again yet'}")
            await asyncio.sleep(LOOK_SECONDS)

    def routes(self) -> Sequence[Route]:
        """Return what the administration has of it."""
        if not self._settings.admin_api:
            return ()
        publish = None if self._feed is None else self._publish
        return RevocationApi(self._store, lambda: self._trust, publish, self._counted).routes()

    def conditions(self) -> Sequence[Condition]:
        """Return what must be so for the sidecar to be sent requests."""
        found = [self._list_condition()]
        if self._file:
            ok = self._file.complete or self._is_vouched()
            found.append(Condition("revocation-file", ok=ok, reason=self._file.trouble))
        if self._feed:
            found.append(self._feed_condition(self._feed))
        return found

    def facts(self) -> RevocationFacts:
        """Return what there is to measure."""
        room, state = self._store.keeper.room(), self._feed.state if self._feed else None
        return RevocationFacts(
            entries=room.entries,
            capacity=room.capacity,
            epoch=room.epoch,
            vouched=self._is_vouched(),
            feed_connected=state.connected if state else None,
            feed_contact_at=state.contact_at if state else None,
            feed_lag=_age(state.at_end) if state else None,
            feed_connections=state.connections if state else 0,
            feed_gaps=room.gaps,
        )

    def _read_feed_files(self) -> None:
        if self._settings.feed is not None:
            self._keys = KeysFile(self._folder / self._settings.feed.keys_file)
            if self._settings.feed.signing_key_file is not None:
                signing_key(self._folder / self._settings.feed.signing_key_file)

    def _read_anew(self, *, owed: bool = False) -> None:
        if self._file:
            self._file.forget(owed=owed)
        if self._feed:
            self._feed.begin_anew(owed=owed)

    def _lifetimes_now(self) -> Lifetimes:
        return self._lifetimes

    def _count(self, source: Source, result: Revocation, number: int) -> None:
        self._row.add(REVOCATION[source, result], number)

    def _counted(self) -> Mapping[str, Json]:
        facts = self.facts()
        feed: dict[str, Json] = {
            "connected": facts.feed_connected,
            "last_contact_at": facts.feed_contact_at,
            "lag_seconds": facts.feed_lag,
        }
        known: dict[str, Json] = {"entries": facts.entries, "capacity": facts.capacity, "complete": facts.vouched}
        return known | ({"feed": feed} if self._feed else {})

    def _list_condition(self) -> Condition:
        room, reason = self._store.keeper.room(), ""
        if room.is_full:
            reason = f"all {room.capacity} entries are taken; raise revocation.max_entries"
        elif not self._is_vouched():
            reason = "not complete, so everybody is denied"
        return Condition("denylist", ok=not reason, reason=reason)

    def _is_vouched(self) -> bool:
        return time.time() < self._store.keeper.room().vouched_until

    def _feed_condition(self, feed: Feed) -> Condition:
        state, settings = feed.state, self._settings.feed
        assert settings is not None  # noqa: S101 - there is a feed
        age = _age(state.at_end)
        lost = age is None or age > settings.loss_seconds
        reasons = [
            state.trouble or ("" if not lost else "not read to its end yet" if age is None else f"{age:.0f} s behind"),
            "entries were lost before they were read; post them again, and restart" if self._has_gap() else "",
        ]
        ok = self._is_vouched() and not state.stuck
        return Condition("revocation-feed", ok=ok, reason=", ".join(filter(None, reasons)))

    def _has_gap(self) -> bool:
        return self._store.keeper.room().gaps > 0

    async def _publish(self, entries: Sequence[Entry]) -> None:
        feed, settings = self._feed, self._settings.feed
        if feed is None or settings is None or settings.signing_key_file is None:
            raise FeedError("there is no key to sign with")  # the settings see to it that there is
        try:
            signer = signing_key(self._folder / settings.signing_key_file)
        except FeedFileError as error:
            _log.error("%s", error)
            raise FeedError("the signing key cannot be used; see the log") from None
        await feed.publish(await asyncio.to_thread(sign, entries, signer))

    async def _follow_feed(self) -> None:
        """Follow the feed, from when it is known whose signatures count: all messages are forged before."""
        feed, settings = self._feed, self._settings.feed
        assert feed is not None and settings is not None  # noqa: S101, PT018 - there is a feed
        while self._keys is None:
            feed.state.trouble = "the file of those who may revoke cannot be used; see the log"
            await asyncio.sleep(KEYS_SECONDS)
            with suppress(FeedFileError):
                self._keys = await asyncio.to_thread(KeysFile, self._folder / settings.keys_file)
        await asyncio.gather(feed.run(), self._watch_keys())

    async def _take(self, messages: Sequence[Arrived]) -> None:
        """Store what is in the feed's messages; raises ``NotTakenError``."""
        entries, problems, forged = await asyncio.to_thread(self._read, messages)
        self._store.refuse(Source.FEED, forged, Revocation.FORGED)
        self._store.refuse(Source.FEED, len(problems))
        try:
            others = await self._store.put_good(entries, Source.FEED)
        except DenylistFullError as error:
            raise NotTakenError(str(error)) from None
        for problem in [*problems, *(why for _, why in others)][:3]:
            _log.error("an entry of the revocation feed is not used: %s", problem)

    async def _watch_keys(self) -> None:
        """Read the feed anew where other signers count: what one has signed may have come before its key did."""
        assert self._keys is not None and self._feed is not None  # noqa: S101, PT018 - there is a feed
        known = self._keys.keys().digest
        while True:
            await asyncio.sleep(KEYS_SECONDS)
            found = await asyncio.to_thread(self._keys.keys)
            if found.digest != known:
                known = found.digest
                _log.info("other signers of revocations count: reading the feed anew")
                self._feed.begin_anew()

    def _read(self, messages: Sequence[Arrived]) -> tuple[list[Entry], list[str], int]:
        """Return the entries of all that are signed, what is wrong with others in those, and how many are not."""
        assert self._keys is not None  # noqa: S101 - there is a feed
        keys, now = self._keys.keys(), time.time()
        entries: list[Entry] = []
        problems: list[str] = []
        forged = 0
        for arrived in messages:
            try:
                message = read_message(arrived.data or b"", keys)
            except ForgedError as error:
                forged += 1
                if forged == 1:
                    _log.warning("an entry of the revocation feed is ignored: %s", error)
            else:
                entries.extend(dated(entry, arrived, now) for entry in message.entries)
                problems.extend(message.problems)
        return entries, problems, forged

    async def _vouch(self) -> None:
        """Vouch for the list, if it is complete now."""
        settings = self._settings
        file = self._file
        if file is not None and (file.owed or not (file.complete or self._was_complete())):
            return
        if self._feed is not None and (not self._feed.state.caught_up or self._must_not_miss()):
            return
        seconds = settings.feed.loss_seconds if settings.feed and settings.on_feed_loss == "deny" else math.inf
        await self._store.vouch(time.time() + seconds)

    async def _miss(self) -> None:
        """Remember a gap in the feed; where its loss denies, vouch for nothing more until the sidecar is restarted."""
        await self._store.miss()
        if self._must_not_miss():
            await self._store.vouch(0)

    def _must_not_miss(self) -> bool:
        return self._settings.on_feed_loss == "deny" and self._has_gap()

    def _was_complete(self) -> bool:
        return self._store.keeper.room().vouched_until > 0

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
                if self._file and self._was_complete():
                    self._file.complete = True
                self._read_anew(owed=True)
                await self._store.disown()
            await asyncio.sleep(CLOCK_SECONDS)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            await self._store.sweep()


def _age(moment: float | None) -> float | None:
    return None if moment is None else max(0.0, time.monotonic() - moment)
