"""The tokens that were taken last, and what was said of them. For any thread: what is known is answered where it asks.

INVARIANT: what is remembered counts as long as the identity would be found again, under the Trust in force and at this
time, and is not on the denylist: the server's own ``Known`` and ``look_up_again`` say so, each time.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from time import perf_counter
from typing import NamedTuple

from sidecar.core.cache import Known
from sidecar.core.identity import Identity
from sidecar.core.needs import Decided
from sidecar.core.reason import Refusal
from sidecar.core.revocation import Denylist
from sidecar.core.revoked import look_up_again
from sidecar.core.trust import Trust
from sidecar.engine.engine import Observer
from sidecar.library.result import Authenticated
from sidecar.memory.counts import CacheCounts

#: Bytes of the largest token that is remembered, as in the server.
_LARGEST = 4096


class _Remembered(NamedTuple):
    known: Known
    decided: Decided
    result: Authenticated


class Recent:
    """``capacity`` tokens at most; the one that was used longest ago goes first.

    ``trust`` returns the one in force, ``clock`` seconds since the epoch. ``observe`` is told of each answer, and may
    be asked by others under ``lock``.
    """

    def __init__(
        self,
        capacity: int,
        trust: Callable[[], Trust],
        denylist: Denylist | None,
        clock: Callable[[], float],
        observe: Observer,
    ) -> None:
        self.counts = CacheCounts()
        self.lock = threading.Lock()
        self._capacity, self._trust, self._denylist = capacity, trust, denylist
        self._clock, self._observe = clock, observe
        self._entries: OrderedDict[str, _Remembered] = OrderedDict()

    def recall(self, token: str) -> Authenticated | None:
        """Return who it is, where that is known and still so; ``None``: the engine is to be asked."""
        began = perf_counter()
        with self.lock:
            found = self._entries.get(token)
            if found is None or not self._holds(found.known):
                self.counts.misses += 1
                return None
            self.counts.hits += 1
            self._entries.move_to_end(token)
            self._observe(found.decided, perf_counter() - began, b"", False)  # noqa: FBT003 - a fact
            return found.result

    def remember(self, token: str, identity: Identity, decided: Decided, result: Authenticated) -> None:
        """Remember what the engine said."""
        if self._capacity <= 0 or len(token) > _LARGEST:
            return
        with self.lock:
            self._entries[token] = _Remembered(Known(identity, len(token)), decided, result)
            self._entries.move_to_end(token)
            if len(self._entries) > self._capacity:
                self._entries.popitem(last=False)
                self.counts.evictions += 1

    def _holds(self, known: Known) -> bool:
        now, denylist = self._clock(), self._denylist
        if not known.holds(self._trust(), now):
            return False
        # As in the server: whatever was added since, and a clock that was set back, leads to another look.
        if denylist is not None and (known.epoch != denylist.epoch(now) or now < known.looked_up_at):
            try:
                look_up_again(known, denylist, now)
            except Refusal:
                return False  # the engine says why
        return True
