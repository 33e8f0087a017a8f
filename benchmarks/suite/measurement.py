"""What a measurement is: a name, a unit, what takes one value, and what it is held against."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

#: Takes one value, in the unit's base; may take time beforehand for what is not measured.
Take = Callable[[], float]


class Unit(Enum):
    """How values are shown: text behind them, digits, and whether more is better.

    The base is seconds for an operation, bytes, or a part of one; what is shown is made of that.
    """

    RATE_CPU = ("/s of CPU", 0, True)  #: operations in a second of one process' CPU time
    RATE = ("/s", 0, True)  #: operations in a second by the clock
    NANOSECONDS = ("ns of CPU", 0, False)
    MICROSECONDS = ("µs of CPU", 2, False)
    MILLISECONDS = ("ms", 2, False)
    SECONDS = ("s", 2, False)
    BYTES = ("B", 1, False)
    MEBIBYTES = ("MiB", 1, False)
    PERCENT = ("%", 2, True)

    @property
    def is_rate(self) -> bool:
        """Say whether operations are counted in a second, and not seconds for an operation."""
        return self in {Unit.RATE_CPU, Unit.RATE}

    def scaled(self, base: float) -> float:
        """Return what is shown of a value in the base; of rates where none took any time infinity."""
        if self.is_rate:
            return 1 / base if base else float("inf")
        return base * _FACTORS.get(self, 1.0)

    def shown(self, base: float) -> str:
        """Return a value in the base as text with its unit."""
        text, digits, _ = self.value
        return f"{self.scaled(base):,.{digits}f}{'' if text.startswith(('/', '%')) else ' '}{text}"

    def better(self, base: float, baseline: float) -> float:
        """Return how many times as good a value is as its baseline, both in the base: above 1 is better."""
        # Seconds and bytes are better where they are fewer, rates are kept as seconds; of parts more is better.
        good, bad = (base, baseline) if self is Unit.PERCENT else (baseline, base)
        return good / bad if bad else float("inf")


_FACTORS: Mapping[Unit, float] = {
    Unit.NANOSECONDS: 1e9,
    Unit.MICROSECONDS: 1e6,
    Unit.MILLISECONDS: 1e3,
    Unit.MEBIBYTES: 2.0**-20,
    Unit.PERCENT: 100.0,
}


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a measurement is held against. One that several share is taken once in each round."""

    what: str
    take: Take


@dataclass(frozen=True, slots=True)
class Measurement:
    """One line of the table. ``name`` is its own within the suite: claims and comparisons go by it."""

    name: str
    what: str
    unit: Unit
    take: Take
    baseline: Baseline | None = None
