"""The Trust that a process decides by, and the next one while it is being made."""

import asyncio
import logging
import math
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial

from sidecar.core.keys import NO_KEYS
from sidecar.core.trust import Trust
from sidecar.keys.remote.clock import boot_clock
from sidecar.loading.confirmation import BUNDLE, GoodUntil
from sidecar.loading.snapshot import decode
from sidecar.loading.trust import KeySetError, Loaded
from sidecar.verify.pool.warm_up import decode_keys

_log = logging.getLogger(__name__)


class PrepareError(ValueError):
    """A snapshot of which this process can make no Trust. The text says why."""


class Holder:
    """``trust`` is in force. It is replaced as a whole, in the event loop, between two checks.

    INVARIANT: it is ``given`` without the keys that nobody confirmed in time, and without what a policy bundle allows
    that expired or was not confirmed in time, whatever has become of control. ``look`` sees to that, again and again; a
    check asks nothing for it. ``clock`` is one that no step of the wall clock moves.
    """

    __slots__ = (
        *("_changed", "_clock", "_good_until", "_look_at", "_next", "_stale", "_without_bundle"),
        *("given", "trust"),
    )

    def __init__(
        self,
        loaded: Loaded,
        changed: Callable[[Trust], None] = lambda _trust: None,
        clock: Callable[[], float] = boot_clock,
    ) -> None:
        self.trust = self.given = loaded.trust
        self._without_bundle = loaded.without_bundle
        self._good_until = dict(loaded.good_until)
        self._changed = changed
        self._clock = clock
        self._next: tuple[int, Loaded] | None = None
        self._stale: frozenset[str] = frozenset()
        self._look_at = -math.inf
        self.look()

    @property
    def lacks_keys(self) -> bool:
        """Say whether keys or a bundle that were given are not in force, since nobody confirmed them in time."""
        return bool(self._stale)

    def reader(self) -> Callable[[], Trust]:
        """Return what returns the Trust in force. It is C from end to end, since each check asks."""
        return partial(getattr, self, "trust")

    async def prepare(self, generation: int, snapshot: bytes) -> bytes:
        """Make a Trust and keep it ready; return its digest. Checks go on meanwhile. Raises ``PrepareError``."""
        try:
            loaded = await asyncio.to_thread(_compile, snapshot)
        except (ValueError, KeySetError) as error:
            raise PrepareError(str(error)) from None
        self._next = (generation, loaded)
        return loaded.trust.digest

    def commit(self, generation: int) -> bytes | None:
        """Decide by what was prepared as this generation, and return its digest; ``None`` where that is not there."""
        if self._next is None or self._next[0] != generation:
            return None
        loaded, self._next = self._next[1], None
        self.given, self._good_until = loaded.trust, dict(loaded.good_until)
        self._without_bundle = loaded.without_bundle
        self._put_into_force()
        return self.given.digest

    def confirm(self, digest: bytes, good_until: GoodUntil) -> None:
        """Take note until when the keys of ``given`` are good, if that is its digest: those that are back count again.

        Of an issuer that is not named nothing follows.
        """
        if digest == self.given.digest:
            self._good_until |= good_until
            self._look_at = -math.inf
            self.look()

    def look(self) -> None:
        """Drop the keys that nobody confirmed in time. Costs a look at the clock, but in the moment it happens."""
        if self._clock() >= self._look_at and self._over() != self._stale:
            self._put_into_force()

    def _put_into_force(self) -> None:
        stale = self._over()
        self.trust = _without_keys(self.given, stale - {BUNDLE}) if stale else self.given
        if BUNDLE in stale and self._without_bundle is not None:
            self.trust = replace(self.trust, policy=self._without_bundle)
            _log.error("the policy bundle expired, or was not confirmed for too long: what it allows is denied")
        self._stale = stale
        for issuer in sorted(stale - {BUNDLE}):
            _log.error("%s: keys not confirmed for too long, as far as is known here: none of them counts", issuer)
        self._changed(self.trust)

    def _over(self) -> frozenset[str]:
        now = self._clock()
        known = {*self.given.issuers, BUNDLE}
        times = {issuer: until for issuer, until in self._good_until.items() if issuer in known}
        self._look_at = min((until for until in times.values() if until > now), default=math.inf)
        return frozenset(issuer for issuer, until in times.items() if until <= now)


def _without_keys(trust: Trust, issuers: Collection[str]) -> Trust:
    """Return the same without the keys of these issuers: its digest is that of one that never had them."""
    gone = {name: replace(one, keys=NO_KEYS) for name, one in trust.issuers.items() if name in issuers}
    return replace(trust, issuers={**trust.issuers, **gone})


def _compile(snapshot: bytes) -> Loaded:
    loaded = decode(snapshot).compile()
    decode_keys(loaded.trust)
    return loaded
