"""One issuer's key set over time.

    follow()   fetches ahead of the end of its freshness, and again after failures, for as long as it runs
    refetch()  fetches now, since somebody met a key that is unknown; not too often

With another file of CAs it is fetched at once, in full: the old one may have been replaced since it was not to be
trusted any more. What was fetched last and was good stays until it could not be confirmed for ``max_stale`` seconds;
then there is none.
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field

from sidecar.keys.fingerprint import look
from sidecar.keys.remote.client import Access
from sidecar.keys.remote.clock import boot_clock
from sidecar.keys.remote.fetch import Fetched, Place, Validator, fetch
from sidecar.keys.remote.held import NOTHING, Held
from sidecar.keys.remote.schedule import FIRST_RETRY, Pace, after_failure, after_success
from sidecar.keys.remote.trouble import FetchError, Trouble

#: Seconds that are slept in one go: the clock goes on while a machine is suspended, and sleeping does not.
_LONGEST_SLEEP = 5.0
#: Characters that are told of what went wrong: an issuer may say much.
_MAX_TEXT = 500
#: Results beside those of ``Trouble``.
REPLACED, SAME = "replaced", "same"

_log = logging.getLogger(__name__)


def file_of_authorities(access: Access) -> Hashable:
    """Return what changes whenever the file of CAs does; ``None`` where it is not there, or there is to be none."""
    return None if access.ca_file is None else look(access.ca_file)


@dataclass(slots=True)
class Record:
    """What is told of a source: how its fetches ended, and what is wrong now (empty: nothing)."""

    results: Counter[str] = field(default_factory=Counter)
    failures: int = 0  #: in a row
    trouble: str = ""
    certificate_expires_at: float | None = None  #: in seconds since the epoch


@dataclass(frozen=True, slots=True)
class World:
    """What is outside of a source; a test has its own."""

    clock: Callable[[], float] = boot_clock
    chance: Callable[[], float] = random.random
    fetch: Callable[[Place, Access, Validator], Awaitable[Fetched]] = fetch
    authorities: Callable[[Access], Hashable] = file_of_authorities


THIS_WORLD = World()


class Source:
    """For one event loop. ``check`` raises ``ValueError`` for a document that cannot be used.

    ``changed`` is called whenever ``held`` is another one, be it for ``confirmed_at`` alone; it must not wait. ``what``
    is fetched, in a word or two, for the log.
    """

    def __init__(  # noqa: PLR0913 - what there is to a source, once
        self,
        place: Place,
        access: Access,
        pace: Pace,
        *,
        check: Callable[[bytes], None],
        changed: Callable[[], None],
        held: Held = NOTHING,
        world: World = THIS_WORLD,
        what: str = "keys",
    ) -> None:
        self.place = place
        self.held = held
        self.record = Record()
        self._what = what
        self._access, self._pace, self._check, self._changed, self._world = access, pace, check, changed, world
        self._validator = Validator()
        self._due = world.clock()
        self._ended: float | None = None
        self._authorities: Hashable = world.authorities(access)
        self._under_way: asyncio.Task[None] | None = None

    async def follow(self) -> None:
        """Keep the key set fresh, until cancelled."""
        while True:
            now = self._world.clock()
            self._drop_stale(now)
            if now >= self._due or self._has_other_authorities():
                await self.fetch()
            else:
                await asyncio.sleep(min(self._due - now, _LONGEST_SLEEP))

    async def refetch(self) -> None:
        """Fetch now, unless the last fetch ended too short a time ago; return when that is over."""
        if self._under_way is not None or self.refetch_in() <= 0:
            await self.fetch()

    def refetch_in(self) -> float:
        """Return in how many seconds ``refetch`` would fetch again; 0: now.

        Counted from the end of a fetch: of one that takes long, its issuer would otherwise have no rest at all.
        """
        if self._ended is None:
            return 0.0
        return max(0.0, self._ended + self._pace.refetch_interval - self._world.clock())

    async def fetch(self) -> None:
        """Fetch now; whoever comes while that is under way waits for the same fetch. Raises nothing."""
        if self._under_way is None:
            self._under_way = asyncio.create_task(self._fetch())
            self._under_way.add_done_callback(self._is_over)
        # Shielded: one who waits no longer must not end it for the others.
        await asyncio.shield(self._under_way)

    async def close(self) -> None:
        """End what is under way."""
        if self._under_way is not None:
            self._under_way.cancel()
            await asyncio.gather(self._under_way, return_exceptions=True)

    def _is_over(self, _task: asyncio.Task[None]) -> None:
        self._under_way = None

    async def _fetch(self) -> None:
        began, authorities = self._world.clock(), self._world.authorities(self._access)
        if authorities != self._authorities:
            # What the last ones vouched for is no version that the new ones could confirm: it is fetched in full.
            self._authorities, self._validator = authorities, Validator()
        try:
            fetched = await self._world.fetch(self.place, self._access, self._validator)
            self._take(fetched, began)
        except FetchError as error:
            self._fail(error.trouble, str(error))
        except Exception:  # noqa: BLE001 - the next fetch may work, and the keys that are held stay
            _log.exception("%s: fetching the %s failed", self.place.issuer, self._what)
            self._fail(Trouble.INTERNAL, "a fault of ours; see the log")
        finally:
            self._ended = self._world.clock()

    def _take(self, fetched: Fetched, began: float) -> None:
        document = self.held.document if fetched.document is None else fetched.document
        try:
            # INVARIANT: nothing takes the place of a good key set that is not one itself.
            self._check(document or b"")
        except ValueError as error:
            raise FetchError(Trouble.MALFORMED, f"{fetched.validator.url.partition('?')[0]}: {error}") from None
        now, record = self._world.clock(), self.record
        record.results[SAME if document == self.held.document else REPLACED] += 1
        if record.failures:
            _log.info("%s: %s fetched again, after %d failure(s)", self.place.issuer, self._what, record.failures)
        record.failures, record.trouble = 0, ""
        record.certificate_expires_at = fetched.certificate_expires_at
        self._validator = fetched.validator
        # As of the moment it was asked for, as its age is: of a slow issuer it must not end before it is confirmed.
        self._due = max(began + after_success(fetched.fresh, self._pace, self._world.chance()), now + FIRST_RETRY)
        # As of the moment it was asked for: what was true then may not be any more by the time it has come.
        self._hold(Held(document, began))

    def _fail(self, trouble: Trouble, text: str) -> None:
        record, text = self.record, text[:_MAX_TEXT]
        record.results[trouble.value] += 1
        record.failures += 1
        seconds = after_failure(record.failures, self._pace, self._world.chance())
        # The same thing again and again is said at the 1st, 2nd, 4th, 8th … time.
        if text != record.trouble or record.failures & (record.failures - 1) == 0:
            said = (self.place.issuer, self._what, seconds, trouble, text)
            _log.warning("%s: %s not fetched, again in %.0f s: %s: %s", *said)
        record.trouble = text
        self._due = self._world.clock() + seconds

    def _has_other_authorities(self) -> bool:
        """Say whether the file of CAs is another one than at the beginning of the last fetch."""
        return self._world.authorities(self._access) != self._authorities

    def _drop_stale(self, now: float) -> None:
        held = self.held
        if held.document is None or held.confirmed_at is None or now - held.confirmed_at < self._pace.max_stale:
            return
        _log.error(
            "%s: %s not confirmed for %g s, and out of force", self.place.issuer, self._what, self._pace.max_stale
        )
        self._validator = Validator()
        self._hold(Held(None, held.confirmed_at))

    def _hold(self, held: Held) -> None:
        self.held = held
        self._changed()
