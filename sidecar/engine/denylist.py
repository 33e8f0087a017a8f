"""The denylist that all processes of a node share, as the core asks it."""

from functools import partial

from sidecar.core.identity import Identity
from sidecar.core.revocation import UNKNOWN, LookUp, Marks, digest, marks_of
from sidecar.memory.denylist import Denylist
from sidecar.memory.denylist_layout import EPOCH_SHIFT, VOUCHED_UNTIL


class SharedDenylist:
    """A ``core.revocation.Denylist`` in shared memory. ``key`` is that of its digests, in no segment."""

    def __init__(self, shared: Denylist, key: bytes) -> None:
        self._shared = shared
        self._digest = partial(digest, key)

    def epoch(self, now: float) -> int:
        """Return its epoch; ``UNKNOWN`` where nobody vouches for its being complete at ``now``."""
        state = self._shared.state  # both of one load: see the denylist's INVARIANT
        return state >> EPOCH_SHIFT if now < state & VOUCHED_UNTIL else UNKNOWN

    def marks(self, identity: Identity) -> Marks:
        """Return what ``identity`` is looked up by."""
        return marks_of(identity, self._digest)

    def look_up(self, marks: Marks, now: float) -> LookUp:
        """Say whether any of it is revoked at ``now``, and in which epoch."""
        shared = self._shared
        vouched = now < shared.vouched_until
        denied, epoch = shared.look_up(marks.names, now)
        # In order: a cut-off that comes after the epoch was read is in another one.
        cut_offs = (shared.number(tag, now) for tag in marks.cut_offs)  # 0: there is none
        denied = denied or any(before and marks.issued_at < before for before in cut_offs)
        return LookUp(denied, epoch if vouched else UNKNOWN)
