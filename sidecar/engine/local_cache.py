"""The identities that one process verified or looked up last: an exact, bounded, least-recently-used dictionary."""

from collections import OrderedDict

from sidecar.core.cache import Refused
from sidecar.core.identity import Identity
from sidecar.core.trust import Trust
from sidecar.memory.counts import CacheCounts


class LocalCache:
    """A ``TokenCache`` of at most ``capacity`` identities, for one event loop. Refusals it does not keep.

    Keyed by the token itself: a dictionary compares its keys in full, and hashes them with a secret of the process
    (PEP 456), so that nobody can find a second token that is taken for the first, nor aim at a place.
    """

    def __init__(self, capacity: int) -> None:
        self.counts = CacheCounts()
        self._capacity = capacity
        self._identities: OrderedDict[bytes, Identity] = OrderedDict()

    def get(self, token: bytes, trust: Trust, now: float) -> Identity | None:  # noqa: ARG002 - the protocol's
        """Return the identity that was put for exactly ``token``, or ``None``."""
        identity = self._identities.get(token)
        if identity is None:
            self.counts.misses += 1
        else:
            self.counts.hits += 1
            self._identities.move_to_end(token)
        return identity

    def put(self, token: bytes, found: Identity | Refused, now: float) -> None:  # noqa: ARG002 - the protocol's
        """Remember an identity, and forget the token that was used longest ago where there is no more room."""
        if self._capacity <= 0 or isinstance(found, Refused):
            return
        self._identities[token] = found
        self._identities.move_to_end(token)
        if len(self._identities) > self._capacity:
            self._identities.popitem(last=False)
            self.counts.evictions += 1

    def __len__(self) -> int:
        """Return how many tokens are remembered."""
        return len(self._identities)
