"""The denylist of all processes, as checks ask it."""

from sidecar.engine.denylist import SharedDenylist
from sidecar.memory.denylist import Denylist
from sidecar.runtime.ipc.shared import Shared


def revoked_in(shared: Shared) -> SharedDenylist | None:
    """Return the denylist in shared memory; ``None`` where nothing can be revoked."""
    return None if shared.denylist is None else SharedDenylist(Denylist(shared.denylist.open()), shared.denylist_key)
