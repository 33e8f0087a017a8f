"""The identities that one process met last: an exact, bounded, least-recently-used dictionary."""

from collections import OrderedDict
from collections.abc import Iterator

from sidecar.core.cache import Known
from sidecar.core.credential import Credential
from sidecar.memory.counts import CacheCounts


class _Mark:
    """Equal to no credential."""


_NOBODY = Known(None)


class LocalCache:
    """``Recent`` credentials, ``capacity`` at most, for one event loop.

    Keyed by the credential's own text, with its source where there are several: a dictionary compares its keys in full,
    and hashes them with a secret of the process (PEP 456), so that nobody can find a second one that is taken for the
    first, nor aim at a place.
    """

    def __init__(self, capacity: int) -> None:
        self.counts = CacheCounts()
        self._capacity = capacity
        self._known: OrderedDict[str | Credential | _Mark, Known] = OrderedDict()
        self._mark = _Mark()

    def recall(self, credential: str | Credential) -> Known | None:
        """Return what was remembered for exactly ``credential``, or ``None``."""
        known = self._known.get(credential)
        if known is None:
            self.counts.misses += 1
        else:
            self.counts.hits += 1
            self._known.move_to_end(credential)
        return known

    def remember(self, credential: str | Credential, known: Known) -> None:
        """Remember an identity, and forget the one that was used longest ago where there is no more room."""
        if self._capacity <= 0:
            return
        self._known[credential] = known
        self._known.move_to_end(credential)
        if len(self) > self._capacity:
            oldest, _ = self._known.popitem(last=False)
            if oldest is self._mark:  # all others are behind it, and it is put there again the next time
                self._known.popitem(last=False)
            self.counts.evictions += 1

    def used(self) -> list[Known]:
        """Return those that were remembered or recalled since the last time, of those that are still here.

        A mark among them says where the last time was, since all that is used goes behind it: recalling costs nothing
        for it. It takes no place of theirs.
        """
        found = list(self._behind_the_mark())
        self._known[self._mark] = _NOBODY
        self._known.move_to_end(self._mark)
        return found

    def _behind_the_mark(self) -> Iterator[Known]:
        for credential, known in reversed(self._known.items()):
            if credential is self._mark:
                return
            yield known

    def clear(self) -> None:
        """Forget all."""
        self._known.clear()

    def __len__(self) -> int:
        """Return how many are remembered."""
        return len(self._known) - (self._mark in self._known)
