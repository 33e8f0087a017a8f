"""When a child that ended is started again: soon at first, then later and later. Pure.

Time and chance are arguments.
"""

from dataclasses import dataclass

#: Seconds before the second start in a row; each further one doubles it.
FIRST = 0.1
LONGEST = 30.0
#: Seconds after which a child that ran is taken to be well, and its count begins anew.
WELL = 30.0
#: Ends in a row from which on it is a crash loop, for probes and metrics.
LOOP = 4


@dataclass(frozen=True, slots=True)
class Backoff:
    """How often a child ended soon after its start, in a row."""

    failures: int = 0

    @property
    def is_loop(self) -> bool:
        """Say whether somebody should be told."""
        return self.failures >= LOOP

    def ended(self, ran: float) -> "Backoff":
        """Return what is known after a child has run for ``ran`` seconds and ended."""
        return Backoff(1 if ran >= WELL else self.failures + 1)

    def recovered(self, runs: float) -> "Backoff":
        """Return what is known while a child has run for ``runs`` seconds."""
        return Backoff() if runs >= WELL else self

    def delay(self, chance: float) -> float:
        """Return how many seconds to wait, ``chance`` being a random number from 0 to 1.

        The first start is made at once: a process that was killed for no fault of its own is missed. Of the rest half
        is chance, so that processes that died together do not come back together.
        """
        if self.failures <= 1:
            return 0.0
        # Bounded before it is raised: after a weekend of failures the power would be no float any more.
        longest = min(LONGEST, FIRST * 2.0 ** min(self.failures - 2, 16))
        return float(longest * (0.5 + chance / 2))
