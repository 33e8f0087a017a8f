"""When a new configuration is put into force.

On request, when one of its files has changed, when keys were fetched that are new, and again after a failure.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from sidecar.bundle.held import HeldBundle
from sidecar.bundle.message import Bundle, read_unverified
from sidecar.core.trust import Trust
from sidecar.keys.fingerprint import Fingerprint, fingerprint
from sidecar.loading.bundled import require_fit
from sidecar.loading.load import Configuration
from sidecar.loading.places import NOWHERE, Places, places_in
from sidecar.loading.problem import ConfigurationError
from sidecar.loading.snapshot import Snapshot
from sidecar.loading.trust import KeySetError, Loaded
from sidecar.memory.counters import Row
from sidecar.observe.series import RELOAD, Reload
from sidecar.runtime.control.fetching import Fetching
from sidecar.runtime.control.reload import Reading, ReloadError, files_of, read_again
from sidecar.runtime.control.rotation import Rotation
from sidecar.settings import Settings

#: Seconds between two looks at the files.
WATCH_SECONDS = 2.0
#: Seconds until what failed is tried again, whatever it was; each further failure in a row doubles them.
RETRY_SECONDS, LONGEST_RETRY_SECONDS = 1.0, 60.0

_log = logging.getLogger(__name__)


class Reloads:
    """Reads the files of ``config`` anew, has keys fetched, and has ``apply`` bring what is new to all who serve.

    ``apply`` is given what has the same ``Trust`` as well, with keys that were confirmed: for whoever starts later.
    ``trust`` and ``snapshot`` are of what is in force. Counts in ``row``. ``load`` reads in place of ``config``.
    """

    def __init__(  # noqa: PLR0913 - what there is to it, once
        self,
        config: Path,
        snapshot: Snapshot,
        loaded: Loaded,
        apply: Callable[[Reading], Awaitable[None]],
        row: Row,
        *,
        load: Callable[[], Configuration] | None = None,
    ) -> None:
        self._load = load
        self.trust: Trust = loaded.trust
        self.snapshot = snapshot
        self.rotation = Rotation()
        self.fetching = Fetching(
            config.parent, loaded.settings, snapshot, fits=self._require_fit, changed=self._fetched
        )
        self.last_at: float | None = None  #: seconds since the epoch
        self._config = config
        self._loaded = loaded
        self._apply = apply
        self._row = row
        self._asked = asyncio.Event()
        self._settled = asyncio.Event()
        self._settled.set()
        self._is_read = True
        self._places = NOWHERE  # until the files are read here, too
        self._seen = fingerprint(files_of(config, loaded.settings))
        self._failures = 0
        self._last_refusal = ""

    @property
    def settings(self) -> Settings:
        """Return the settings in force."""
        return self._loaded.settings

    @property
    def ok(self) -> bool:
        """Say whether what was read last was taken."""
        return not self._failures

    @property
    def is_settled(self) -> bool:
        """Say whether all that was asked for, or fetched, is in force everywhere, or was refused."""
        return self._settled.is_set()

    @property
    def documents(self) -> Mapping[str, bytes]:
        """Return the JWK Sets in force, by issuer. A secret is none."""
        pairs = zip(self.settings.issuers, self.snapshot.key_sets, strict=True)
        return {one.issuer: document for one, document in pairs if one.keys and one.keys.hmac_secret is None}

    def places(self) -> Places:
        """Return where the policies in force are written, as far as that is known; may be called by any thread."""
        bundle = self.snapshot.bundle
        return self._places if bundle is None else {**self._places, **places_in(read_unverified(bundle.compact))}

    def ask(self) -> None:
        """Have the files read anew, soon."""
        self._is_read = False
        self._want()

    async def settled(self) -> None:
        """Return once all that was asked for, or fetched, is in force everywhere, or was refused."""
        await self._settled.wait()

    def _fetched(self) -> None:
        self._want()

    def _want(self) -> None:
        self._settled.clear()
        self._asked.set()

    async def watch(self) -> None:
        """Ask whenever a file has changed that was read last, be it for a configuration that was refused."""
        noticed = self._seen
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            now = fingerprint(self._seen)
            if now not in (self._seen, noticed):
                self.ask()
            noticed = now

    async def work(self) -> None:
        """Do what was asked for, and try again what failed."""
        while True:
            try:
                async with asyncio.timeout(self._retry_seconds()):
                    await self._asked.wait()
            except TimeoutError:
                _log.debug("reading the configuration again, since it could not be taken")
            self._asked.clear()
            try:
                await self._renew()
                self._failures, self._last_refusal = 0, ""
            except ReloadError as error:
                self._failures += 1
                self._seen = error.seen
                self._refuse(str(error))
            except Exception:  # noqa: BLE001 - the old configuration stays in force, and the next time it may work
                self._failures += 1
                self._row.add(RELOAD[Reload.REFUSED])
                _log.exception("reload failed; trying again in %g s", self._retry_seconds())
            if not self._asked.is_set():
                self._settled.set()

    async def _renew(self) -> None:
        # First, and whatever is wrong with the files: keys must not wait for somebody to mend those.
        problem = await self._renew_fetched()
        if self._failures or not self._is_read:
            self._is_read = True
            await self._read()
        if problem is not None and self._bundle_waits(self.fetching.held_bundle()):
            raise ReloadError(problem, self._seen)

    def _retry_seconds(self) -> float | None:
        # Bounded before it is raised: it may be wrong for days.
        return (
            min(RETRY_SECONDS * 2.0 ** min(self._failures - 1, 16), LONGEST_RETRY_SECONDS) if self._failures else None
        )

    def _refuse(self, text: str) -> None:
        """Say what is wrong, once: it is read again and again, for the fault may have been the reading's alone."""
        if text == self._last_refusal:
            return
        self._last_refusal = text
        self._row.add(RELOAD[Reload.REFUSED])
        for line in text.splitlines():
            _log.error("new configuration refused, the old stays in force: %s", line)

    async def _read(self) -> None:
        bundle = self.fetching.held_bundle()
        try:
            reading = await self._reading(bundle)
        except ReloadError:
            if not self._bundle_waits(bundle):
                raise
            # INVARIANT: a bundle that is not in force keeps no file out: there may be a new policy in it that denies.
            reading = await self._reading(self.snapshot.bundle)
        if reading.snapshot == self.snapshot:
            _log.debug("configuration read again: nothing has changed")
        else:
            await self.fetching.sources.adopt(reading.loaded.settings)
            await self._put_into_force(reading.snapshot, reading.seen, "new configuration in force")
        self._seen, self._places = reading.seen, reading.places

    async def _reading(self, bundle: HeldBundle | None) -> Reading:
        return await asyncio.to_thread(
            partial(read_again, load=self._load),
            self._config,
            self.settings,
            self.fetching.keys,
            bundle,
            self.snapshot.hooks,
        )

    def _require_fit(self, bundle: Bundle) -> None:
        before = self.snapshot.bundle
        if before is None or read_unverified(before.compact).digest != bundle.digest:
            require_fit(self.snapshot.values, bundle, self.trust.hooks)

    def _bundle_waits(self, bundle: HeldBundle | None) -> bool:
        """Say whether a bundle that was fetched is another one than that in force."""
        before = self.snapshot.bundle
        return bundle is not None and (before is None or bundle.compact != before.compact)

    async def _renew_fetched(self) -> str | None:
        """Put into force what was fetched; return what is wrong with a bundle that does not fit: that one waits.

        It did when it was fetched, and the files may have changed since.
        """
        bundle, problem = self.fetching.held_bundle(), None
        if bundle is not None and self._bundle_waits(bundle):
            try:
                await asyncio.to_thread(self._require_fit, read_unverified(bundle.compact))
            except ConfigurationError as error:
                bundle, problem = self.snapshot.bundle, str(error)
        await self._renew_with(bundle)
        return problem

    async def _renew_with(self, bundle: HeldBundle | None) -> None:
        text = "new keys in force"
        if bundle is not None and self._bundle_waits(bundle):
            text = f"{read_unverified(bundle.compact).title}, in force"
        try:
            await self._put_into_force(replace(self.snapshot, bundle=bundle), self._seen, text)
        except KeySetError as error:
            # Fetched for a configuration that is not in force yet, and will be in a moment.
            _log.error("new keys not taken: %s", error)

    async def _put_into_force(self, snapshot: Snapshot, seen: Fingerprint, text: str) -> None:
        """Have everybody change over to ``snapshot`` with the keys that there are by now; say so with ``text``."""
        snapshot = await asyncio.to_thread(snapshot.with_fetched, self.fetching.sources.held)
        if snapshot == self.snapshot:
            return
        if snapshot.content == self.snapshot.content:
            loaded = snapshot.dated(self._loaded)
        else:
            loaded = await asyncio.to_thread(snapshot.compile)
        await self._apply(Reading(snapshot, loaded, seen))
        if self._take(snapshot, loaded):
            _log.info("%s", text)

    def _take(self, snapshot: Snapshot, loaded: Loaded) -> bool:
        """Note what is in force; say whether any check is decided in another way by it."""
        before, self.trust = self.trust, loaded.trust
        self._loaded, self.snapshot = loaded, snapshot
        if before.digest == loaded.trust.digest:
            return False
        self.last_at = time.time()
        self.rotation.note(before, loaded.trust, self.last_at)
        self._row.add(RELOAD[Reload.OK])
        for warning in loaded.warnings:
            _log.warning("%s", warning)
        return True
