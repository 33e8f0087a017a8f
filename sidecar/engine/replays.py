"""Proofs that were used, as the core asks for them, in the memory of the node."""

from sidecar.core.replay import Use
from sidecar.memory.replays import Outcome, ReplayTable

_USES = {
    Outcome.FIRST: Use.FIRST,
    Outcome.RETRY: Use.RETRY,
    Outcome.REPLAY: Use.REPLAY,
    Outcome.UNKNOWN: Use.UNKNOWN,
}


class SharedReplays:
    """``Replays`` for all processes of a node."""

    def __init__(self, table: ReplayTable) -> None:
        self._table = table

    def use(self, proof: bytes, owner: bytes, check: bytes, until: float, now: float) -> Use:
        """Note a proof, and say what became of it."""
        return _USES[self._table.use(proof, check, until, now, owner)]
