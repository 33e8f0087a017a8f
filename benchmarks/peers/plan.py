"""What is measured: cells, each a kind of load, and how often and how long."""

from dataclasses import dataclass
from enum import StrEnum


class Tokens(StrEnum):
    """How many different tokens there are."""

    ONE = "one"
    THOUSAND = "thousand"
    FRESH = "fresh"  # each is sent once


@dataclass(frozen=True, slots=True)
class Cell:
    """One load: closed loop over so many connections, or with ``rate`` (requests a second) an open loop."""

    tokens: Tokens
    connections: int = 0
    rate: int = 0

    @property
    def name(self) -> str:
        """Return the name that results are kept under."""
        return f"open-{self.rate}-{self.tokens}" if self.rate else f"closed-{self.connections}-{self.tokens}"

    def fresh_tokens(self, seconds: float) -> int:
        """Return how many tokens it takes that were not sent before; a closed loop that runs out of them ends early."""
        if self.tokens is not Tokens.FRESH:
            return 0
        return int((self.rate or FRESH_CLOSED_RATE) * seconds) + 1


#: More never-repeating tokens a second than anything that verifies them gets through on one core.
FRESH_CLOSED_RATE = 20_000

#: The cell that the aims are about, and those with one connection.
REFERENCE = Cell(Tokens.THOUSAND, connections=32)
ALONE = Cell(Tokens.THOUSAND, connections=1)

_CLOSED = (
    ALONE,
    Cell(Tokens.THOUSAND, connections=8),
    REFERENCE,
    Cell(Tokens.THOUSAND, connections=128),
    Cell(Tokens.ONE, connections=32),
    Cell(Tokens.FRESH, connections=32),
)
_OPEN = (
    Cell(Tokens.FRESH, rate=500),
    # Rising, and last: some are overloaded by the highest.
    *(Cell(Tokens.THOUSAND, rate=rate) for rate in (500, 2000, 4000)),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is done. A variant (a contender that differs in one setting) is measured at the reference cell alone."""

    cells: tuple[Cell, ...]
    rounds: int
    seconds: float
    warm_up_seconds: float

    @property
    def fresh_tokens(self) -> int:
        """Return the tokens of one contender's round that are sent once."""
        return sum(cell.fresh_tokens(self.seconds) for cell in self.cells)


FULL = Plan((*_CLOSED, *_OPEN), rounds=5, seconds=5.0, warm_up_seconds=3.0)
QUICK = Plan((ALONE, REFERENCE, _CLOSED[-1], _OPEN[2]), rounds=1, seconds=1.0, warm_up_seconds=2.0)
