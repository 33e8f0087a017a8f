"""What a child measures of itself, as it lies in its line of the scoreboard.

56 bytes, in the machine's byte order::

0             4           8     16       24        28      56
┌─────────────┬───────────┬─────┬────────┬─────────┬───────┐
│ incarnation │ processes │ lag │ memory │ waiting │ zeros │
│ u32         │ u32       │ f64 │ u64    │ u32     │       │
└─────────────┴───────────┴─────┴────────┴─────────┴───────┘
"""

from dataclasses import dataclass
from struct import Struct

_VITALS = Struct("=IIdQI28x")
_MOST = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Vitals:
    """Of one child, as it measured them last."""

    incarnation: int  #: that which speaks
    loop_lag: float = 0.0  #: seconds by which its event loop was late at the most, lately; 0 where it has none
    memory: int = 0  #: bytes: its proportional set size (PSS); 0 where that is not known
    hook_processes: int = 0  #: those of its own that ask hooks, and are ready
    hooks_waiting: int = 0  #: questions to hooks that wait for one of those

    def encode(self) -> bytes:
        """Return the line's body."""
        counts = min(self.hook_processes, _MOST), min(self.hooks_waiting, _MOST)
        return _VITALS.pack(self.incarnation, counts[0], self.loop_lag, self.memory, counts[1])


def decode(body: bytes) -> Vitals:
    """Read a body back."""
    incarnation, processes, lag, memory, waiting = _VITALS.unpack(body)
    return Vitals(incarnation, lag, memory, processes, waiting)
