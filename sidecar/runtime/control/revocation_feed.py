"""The feed of revocations as control has it: whose signatures count, what is stored of it, and what it publishes."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from sidecar.core.keys import KeySet
from sidecar.memory.denylist_layout import DenylistFullError
from sidecar.observe.revocation_series import Revocation, Source
from sidecar.revocation.dating import Arrived, dated
from sidecar.revocation.entry import Entry
from sidecar.revocation.following import FeedError, NotTakenError
from sidecar.revocation.message import ForgedError, read_message, sign
from sidecar.revocation.store import Store
from sidecar.runtime.control.feed_files import FeedFileError, redis_at, signers, signing_key
from sidecar.runtime.control.signers import SignersError, SignersFile
from sidecar.settings.revocation import FeedSettings

#: Seconds between two looks at the file of the feed's signers.
KEYS_SECONDS = 2.0

_log = logging.getLogger(__name__)


class RevocationFeed:
    """``follow`` it in a task. ``ended`` and ``missed`` are as those of ``Feed``; ``folder`` is the configuration's."""

    def __init__(
        self,
        settings: FeedSettings,
        folder: Path,
        store: Store,
        ended: Callable[[], Awaitable[None]],
        missed: Callable[[], Awaitable[None]],
    ) -> None:
        from sidecar.revocation.feed import Feed  # noqa: PLC0415 - Redis' client, which nobody needs who has no feed

        self.feed = Feed(redis_at(settings, folder), self._take, ended, missed)
        self._store = store
        self._signers = SignersFile(folder / settings.keys_file, signers)
        self._signing_key_file = None if settings.signing_key_file is None else folder / settings.signing_key_file
        self._loss_seconds = settings.loss_seconds

    def read_files(self) -> None:
        """Read whose signatures count, and try the key that we sign with; raises ``FeedFileError``."""
        try:
            self._signers.keys()
        except SignersError as error:
            raise FeedFileError(str(error)) from None
        if self._signing_key_file is not None:
            signing_key(self._signing_key_file)

    async def follow(self) -> None:
        """Follow the feed, from when it is known whose signatures count: all messages are forged before."""
        known = await self._first_keys()
        await asyncio.gather(self.feed.run(), self._watch_keys(known.digest))

    async def _first_keys(self) -> KeySet:
        while True:
            try:
                return await asyncio.to_thread(self._signers.keys)
            except SignersError:
                self.feed.state.trouble = "the file of those who may revoke cannot be used; see the log"
                await asyncio.sleep(KEYS_SECONDS)

    async def publish(self, entries: Sequence[Entry]) -> None:
        """Sign entries and bring them to all others; raises ``FeedError``."""
        if self._signing_key_file is None:
            raise FeedError("there is no key to sign with")  # the settings see to it that there is
        try:
            signer = signing_key(self._signing_key_file)
        except FeedFileError as error:
            _log.error("%s", error)
            raise FeedError("the signing key cannot be used; see the log") from None
        await self.feed.publish(await asyncio.to_thread(sign, entries, signer))

    @property
    def lag(self) -> float | None:
        """Return how many seconds ago it was last at its end; ``None``: not yet."""
        at_end = self.feed.state.at_end
        return None if at_end is None else max(0.0, time.monotonic() - at_end)

    @property
    def trouble(self) -> str:
        """Return why it cannot be relied on, or the empty text."""
        return self._loss() or self._signers.trouble

    def _loss(self) -> str:
        lag = self.lag
        if self.feed.state.trouble or (lag is not None and lag <= self._loss_seconds):
            return self.feed.state.trouble
        return "not read to its end yet" if lag is None else f"{lag:.0f} s behind"

    async def _watch_keys(self, known: bytes) -> None:
        """Read the feed anew where other signers count: what one has signed may have come before its key did."""
        while True:
            await asyncio.sleep(KEYS_SECONDS)
            found = await asyncio.to_thread(self._signers.keys)
            if found.digest != known:
                known = found.digest
                _log.info("other signers of revocations count: reading the feed anew")
                self.feed.begin_anew()

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

    def _read(self, messages: Sequence[Arrived]) -> tuple[list[Entry], list[str], int]:
        """Return the entries of all that are signed, what is wrong with others in those, and how many are not."""
        keys, now = self._signers.keys(), time.time()
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
