"""The policy bundle over time: fetched, examined, and held for as long as it may be in force.

    Source (when, back-off, ETag) ──> fetch ──> signed? ──> may it follow? ──> does it fit? ──> held ──> reload

A bundle that does not come through all of it is a failed fetch: the one before stays, and is not confirmed by it.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from sidecar.bundle.held import HeldBundle
from sidecar.bundle.message import Bundle, BundleError, read_bundle, read_unverified
from sidecar.bundle.succession import Signed, Wanted, believed, require, require_unexpired, with_signed
from sidecar.core.keys import KeySet
from sidecar.keys.remote.client import Access
from sidecar.keys.remote.clock import boot_clock
from sidecar.keys.remote.fetch import Fetched, Place, Validator, fetch
from sidecar.keys.remote.held import NOTHING, Held
from sidecar.keys.remote.schedule import Pace
from sidecar.keys.remote.source import Source, World
from sidecar.keys.remote.trouble import FetchError, Trouble
from sidecar.loading.problem import ConfigurationError
from sidecar.observe.bundle import BundleFacts
from sidecar.observe.condition import Condition
from sidecar.runtime.control.access import access_in
from sidecar.runtime.control.signers import SignersError, SignersFile
from sidecar.settings.policy_bundle import PolicyBundleSettings, signers_now

_log = logging.getLogger(__name__)


class PolicyBundle:
    """For one event loop. ``fits`` raises ``ConfigurationError`` for a bundle that does not go with what is there.

    It is asked at each look, and has to cost little for the bundle in force.

    ``changed`` is called whenever ``held`` is another one, be it for its times alone. ``held`` stays when it is out of
    force: what it denies is denied still, and no older one may follow it, unless its signer is believed no longer.
    """

    def __init__(
        self,
        settings: PolicyBundleSettings,
        folder: Path,
        held: HeldBundle | None,
        fits: Callable[[Bundle], None],
        changed: Callable[[], None],
    ) -> None:
        self.held = held
        self._settings = settings
        self._wanted = Wanted(settings.name, settings.min_version)
        self._written = settings.written_signers()
        self._file = None if settings.keys_file is None else SignersFile(folder / settings.keys_file, signers_now)
        self._fits = fits
        self._changed = changed
        self._bundle = None if held is None else read_unverified(held.compact)
        self._following: asyncio.Task[None] | None = None
        self.source = Source(
            Place(f"policy bundle {settings.name}", settings.url),
            access_in(folder, settings, accept="application/jose, */*;q=0.1"),
            Pace(settings.refresh_seconds, settings.refresh_seconds, settings.max_stale_seconds, 1.0),
            check=lambda _: None,
            changed=self._take,
            held=NOTHING if held is None else Held(held.compact, held.confirmed_at),
            world=World(fetch=self._fetch),
            what="policies",
        )

    def follow(self) -> None:
        """Keep it fresh from now on."""
        if self._following is None:
            self._following = asyncio.create_task(self.source.follow())

    async def stop(self) -> None:
        """Fetch it no more."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        await self.source.close()

    async def _fetch(self, place: Place, access: Access, had: Validator) -> Fetched:
        """Look at the server, and examine what came of it; raises ``FetchError``."""
        try:
            keys = await asyncio.to_thread(self._signers)
            self._drop_unless_good(keys)
            self._require_signers(keys)
            fetched = await fetch(place, access, had)
            compact = fetched.document if fetched.document is not None else self.source.held.document
            self._bundle = await asyncio.to_thread(self._examined, compact or b"", keys)
        except BundleError as error:
            raise FetchError(Trouble.REFUSED, f"the bundle {error}") from None
        return fetched

    def _signers(self) -> KeySet:
        if self._written is not None:
            return self._written
        assert self._file is not None  # noqa: S101 - one of both is there, says the model
        try:
            return self._file.keys()
        except SignersError as error:
            # INVARIANT: what is in force is not held against keys that nobody has read.
            raise BundleError(f"has nobody whose signature is believed: {error}") from None

    def _require_signers(self, keys: KeySet) -> None:
        """Raise ``BundleError`` where nobody is believed, or it is not known who is: nothing is taken, or confirmed."""
        if self._file is not None and self._file.trouble:
            raise BundleError(f"is not looked at: {self._file.trouble}")
        if self._file is not None and not keys.keys:
            raise BundleError(f"has nobody whose signature is believed: {self._file.path.name} lists no key")

    def _examined(self, compact: bytes, keys: KeySet) -> Bundle:
        bundle = read_bundle(compact, keys, self._settings.max_bytes)
        # INVARIANT: what somebody has signed who is believed no longer keeps nothing of others out.
        before = believed(self._signed, {key.thumbprint for key in keys.keys})
        require(bundle, self._wanted, before, time.time())
        try:
            # Also one that was fetched before: it may have come while the files changed, and waits for them since.
            self._fits(bundle)
        except ConfigurationError as error:
            raise BundleError(f"does not go with the configuration: {error}") from None
        return bundle

    def _drop_unless_good(self, keys: KeySet) -> None:
        """Put what is held out of force where the key that signed it is believed no more, or where it has expired.

        That was reckoned when it was confirmed, and the wall clock may have been set right since.
        """
        held = self.held
        if held is None or held.until <= 0.0:
            return
        try:
            require_unexpired(read_bundle(held.compact, keys), time.time())
        except BundleError as error:
            _log.error("policy bundle %s is out of force: it %s", self._settings.name, error)
            self.held = replace(held, until=0.0)
            self._changed()

    def _take(self) -> None:
        found, bundle = self.source.held, self._bundle
        if found.document is None or found.confirmed_at is None or bundle is None:
            return  # not confirmed for too long, which every process sees by itself
        until = found.confirmed_at + self._settings.max_stale_seconds
        if bundle.expires_at is not None:
            until = min(until, boot_clock() + bundle.expires_at - time.time())
        self.held = HeldBundle(found.document, found.confirmed_at, until, with_signed(self._signed, bundle))
        self._changed()

    @property
    def _signed(self) -> Sequence[Signed]:
        return () if self.held is None else self.held.signed

    @property
    def in_force(self) -> bool:
        """Say whether what it allows is allowed."""
        return self.held is not None and boot_clock() < self.held.until

    def conditions(self) -> Sequence[Condition]:
        """Return how it is. Not ok: out of force, or never there, where it is required."""
        record, bundle = self.source.record, self._bundle
        trouble = f"{record.failures} failure(s) in a row: {record.trouble}" if record.failures else ""
        if self.held is None or bundle is None:
            state = "not fetched yet, so that nothing is allowed"
        elif self.in_force:
            state = f"version {bundle.version}"
        else:
            state = f"version {bundle.version} is out of force, so that what it allows is denied"
        ok = self.in_force or not self._settings.required_at_start
        name = f"policy bundle {self._settings.name}"
        return [Condition(name, ok=ok, reason="; ".join(filter(None, (state, trouble))))]

    def facts(self) -> BundleFacts:
        """Return what is measured, as it is now."""
        bundle, record = self._bundle, self.source.record
        return BundleFacts(
            name=self._settings.name,
            in_force=self.in_force,
            version=None if bundle is None else bundle.version,
            age=None if self.held is None else max(0.0, boot_clock() - self.held.confirmed_at),
            issued_at=None if bundle is None else bundle.issued_at,
            expires_at=None if bundle is None else bundle.expires_at,
            failures=record.failures,
            results=dict(record.results),
        )
