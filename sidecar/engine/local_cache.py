"""The identities that one process met last: an exact, bounded, least-recently-used dictionary."""

from collections import OrderedDict

from sidecar.core.cache import Known
from sidecar.core.credential import Credential
from sidecar.memory.counts import CacheCounts


class LocalCache:
    """``Recent`` credentials, ``capacity`` at most, for one event loop.

    Keyed by the credential's own text, with its source where there are several: a dictionary compares its keys in full,
    and hashes them with a secret of the process (PEP 456), so that nobody can find a second one that is taken for the
    first, nor aim at a place.
    """

    def __init__(self, capacity: int) -> None:
        self.counts = CacheCounts()
        self._capacity = capacity
        self._known: OrderedDict[str | Credential, Known] = OrderedDict()

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
        if len(self._known) > self._capacity:
            self._known.popitem(last=False)
            self.counts.evictions += 1

    def clear(self) -> None:
        """Forget all."""
        self._known.clear()

    def __len__(self) -> int:
        """Return how many are remembered."""
        return len(self._known)
