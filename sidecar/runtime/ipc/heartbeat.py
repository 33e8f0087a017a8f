"""What a child says of itself on the scoreboard, again and again: a child that falls silent is replaced."""

import time

from sidecar.memory.scoreboard import Report, Scoreboard, State

#: Seconds between two heartbeats.
INTERVAL = 0.25
#: Seconds of silence after which a child is taken for hung, and killed. Twenty heartbeats: less, and a machine that
#: swaps, or a CPU quota that is used up, would look like a fault.
PATIENCE = 5.0
#: Seconds that a child may take from its start to its first heartbeat: slow disks, many imports.
START_PATIENCE = 60.0
#: Of the grace, seconds that are kept for ending what is left.
END_SECONDS = 2.0
#: Seconds between two tellings of which keys tokens are signed with.
KEYS_USED_SECONDS = 5.0


class Heart:
    """One child's line on the scoreboard."""

    def __init__(self, board: Scoreboard, index: int, incarnation: int) -> None:
        self.state = State.STARTING
        self.trust_digest: bytes | None = None
        self.connections = 0
        self._board = board
        self._index = index
        self._incarnation = incarnation

    def beat(self) -> None:
        """Say how things are, now."""
        self._board.write_report(
            self._index,
            Report(self._incarnation, self.state, time.monotonic(), self.connections, self.trust_digest),
        )
