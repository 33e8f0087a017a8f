"""How much is measured: the whole suite, a quick look, or next to nothing, for tests."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """``processes`` for each group, ``rounds`` in each, and ``seconds`` that a value takes at the least.

    Groups that start other programs, or take seconds for a value, have ``costly_rounds`` in one process.
    """

    name: str
    processes: int
    rounds: int
    costly_rounds: int
    seconds: float
    scale: float

    def number(self, whole: int, least: int = 1) -> int:
        """Return how many there are to be of what the whole suite has ``whole`` of."""
        return max(least, int(whole * self.scale))


WHOLE = Size("whole", processes=3, rounds=5, costly_rounds=5, seconds=0.05, scale=1.0)
QUICK = Size("quick", processes=1, rounds=5, costly_rounds=2, seconds=0.02, scale=0.1)
#: For tests: every line has a value, and none says anything.
TINY = Size("tiny", processes=1, rounds=1, costly_rounds=1, seconds=0.0, scale=0.001)
SIZES = {one.name: one for one in (WHOLE, QUICK, TINY)}
