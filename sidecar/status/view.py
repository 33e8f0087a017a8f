"""What is shown, and nothing of how: sections with figures, curves, tables and remarks, all of it text."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sidecar.observe.printable import printable

#: Characters of one text that are shown; what is longer ends in an ellipsis.
LONGEST = 400
UNKNOWN = "-"


class State(StrEnum):
    """How good a figure is: its colour, which never says anything that its text does not."""

    PLAIN = ""
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


def shown(text: str) -> str:
    """Return text of whomever as it may be shown: one line, of bounded length, with nothing that steers."""
    cut = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return printable(cut)


@dataclass(frozen=True, slots=True)
class Cell:
    """One value. ``why``: the name of the denial whose explanation it leads to, in hexadecimal; empty for none."""

    text: str
    state: State = State.PLAIN
    why: str = ""

    def __post_init__(self) -> None:
        """Make its text one that may be shown."""
        # INVARIANT: here, so that no maker of a cell can forget it.
        object.__setattr__(self, "text", shown(self.text))


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its name. ``key`` is the same in every view, and no other's."""

    key: str
    label: str
    cell: Cell


@dataclass(frozen=True, slots=True)
class Curve:
    """A figure over time. ``points``: age in seconds, and the value, or ``None`` for what is not known; oldest first.

    ``text`` says in words what there is to see.
    """

    key: str
    label: str
    points: tuple[tuple[float, float | None], ...]
    text: str


@dataclass(frozen=True, slots=True)
class Column:
    """``narrow``: stands where there is little room, too."""

    title: str
    numeric: bool = False
    narrow: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """``empty`` is said where there are no rows. The first column names what a row is about."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str


@dataclass(frozen=True, slots=True)
class Section:
    """What belongs together, under one heading."""

    key: str
    title: str
    figures: tuple[Figure, ...] = ()
    curves: tuple[Curve, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """All of it. ``banners`` are what must not be overlooked."""

    made_at: float  #: seconds since the epoch
    sections: tuple[Section, ...]
    banners: tuple[Cell, ...] = ()

    def figures(self) -> Iterator[Figure]:
        """Go through all figures."""
        return (figure for section in self.sections for figure in section.figures)

    def curves(self) -> Iterator[Curve]:
        """Go through all curves."""
        return (curve for section in self.sections for curve in section.curves)

    def tables(self) -> Iterator[Table]:
        """Go through all tables."""
        return (table for section in self.sections for table in section.tables)
