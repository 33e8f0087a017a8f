"""The key sets that are fetched for the configuration in force: one source an issuer, each on its own."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from sidecar.keys.remote.client import Access
from sidecar.keys.remote.fetch import Place
from sidecar.keys.remote.held import NOTHING, Held
from sidecar.keys.remote.schedule import Pace
from sidecar.keys.remote.source import Source
from sidecar.loading.trust import usable_keys
from sidecar.observe.condition import Condition
from sidecar.runtime.control.access import access_in
from sidecar.settings import Settings
from sidecar.settings.issuer import IssuerSettings
from sidecar.settings.keys import KeySource

#: Seconds that new issuers of a new configuration get for their first keys, before it is put into force without them.
FIRST_LOOK_SECONDS = 5.0


class Sources:
    """Fetches for one event loop; files are looked for in ``folder``. ``changed`` is called when a key set is another.

    INVARIANT: keys are those of an issuer and a place (``Place``): under another URL nothing of the last one counts.
    """

    def __init__(self, folder: Path, changed: Callable[[], None]) -> None:
        self._folder = folder
        self._changed = changed
        self._sources: dict[Place, Source] = {}
        self._settings: dict[Place, IssuerSettings] = {}
        self._following: dict[Place, asyncio.Task[None]] = {}

    @property
    def all(self) -> Sequence[Source]:
        """Return all sources."""
        return tuple(self._sources.values())

    def begin(self, settings: Settings, held: Sequence[Held]) -> None:
        """Go on with what is ``held`` of each issuer of ``settings``, in order. Fetches nothing yet."""
        for issuer, one in zip(settings.issuers, held, strict=True):
            if issuer.is_remote:
                self._add(issuer, one)

    def follow(self) -> None:
        """Keep all of them fresh from now on."""
        for place, source in self._sources.items():
            if place not in self._following:
                self._following[place] = asyncio.create_task(source.follow())

    async def adopt(self, settings: Settings) -> None:
        """Change over to the issuers of ``settings``; return once those that are new were asked, or had their time."""
        wanted = {_place(issuer): issuer for issuer in settings.issuers if issuer.is_remote}
        for place in [place for place in self._sources if wanted.get(place) != self._settings[place]]:
            # The same place, asked in another way: what it said stays, until it says something else.
            held = self._sources[place].held if place in wanted else NOTHING
            await self._remove(place)
            if place in wanted:
                self._add(wanted[place], held)
        new = [self._add(issuer, NOTHING) for place, issuer in wanted.items() if place not in self._sources]
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_LOOK_SECONDS):
                await asyncio.gather(*(source.fetch() for source in new))
        self.follow()

    def held(self, issuer: IssuerSettings) -> Held | None:
        """Return what is held for an issuer; ``None`` where it has no source here."""
        source = self._sources.get(_place(issuer))
        return None if source is None else source.held

    def of(self, issuer: str) -> Source | None:
        """Return the source of an issuer, by its name."""
        return next((source for place, source in self._sources.items() if place.issuer == issuer), None)

    async def stop(self) -> None:
        """Stop all of them."""
        for place in list(self._sources):
            await self._remove(place)

    def conditions(self) -> Sequence[Condition]:
        """Return how each issuer is. Not ok is one without which nobody is to start, until its keys were there once."""
        return [_condition(source, self._settings[place]) for place, source in self._sources.items()]

    def _add(self, issuer: IssuerSettings, held: Held) -> Source:
        place, fetch = _place(issuer), _keys(issuer).fetch
        source = Source(
            place,
            access_of(issuer, self._folder),
            Pace(
                min_refresh=fetch.min_refresh_seconds,
                max_refresh=fetch.max_refresh_seconds,
                max_stale=fetch.max_stale_seconds,
                refetch_interval=fetch.refetch_min_interval_seconds,
            ),
            check=lambda document: _check(issuer, document),
            changed=self._changed,
            held=held,
        )
        self._sources[place], self._settings[place] = source, issuer
        return source

    async def _remove(self, place: Place) -> None:
        following = self._following.pop(place, None)
        if following is not None:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
        await self._sources.pop(place).close()
        del self._settings[place]


def access_of(issuer: IssuerSettings, folder: Path) -> Access:
    """Return how the keys of an issuer are asked for; files are looked for in ``folder``."""
    return access_in(folder, _keys(issuer).fetch)


def _keys(issuer: IssuerSettings) -> KeySource:
    assert issuer.keys is not None  # noqa: S101 - of those that are fetched alone
    return issuer.keys


def _place(issuer: IssuerSettings) -> Place:
    return Place(issuer.issuer, _keys(issuer).url)


def _check(issuer: IssuerSettings, document: bytes) -> None:
    usable_keys(issuer, document)


def _condition(source: Source, settings: IssuerSettings) -> Condition:
    name, held, record = f"keys of {settings.issuer}", source.held, source.record
    trouble = f"{record.failures} failure(s) in a row: {record.trouble}" if record.failures else ""
    if held.document is not None:
        return Condition(name, ok=True, reason=trouble)
    never = held.confirmed_at is None
    missing = "not fetched yet" if never else "not confirmed for too long"
    reason = f"{missing}; {trouble}" if trouble else missing
    return Condition(name, ok=not (never and _keys(settings).fetch.required_at_start), reason=reason)
