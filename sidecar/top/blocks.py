"""Tables as lines of a given width, and blocks of lines in columns of a given height."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from sidecar.status.view import Cell, Column, State, Table

STYLES = {State.PLAIN: "", State.GOOD: "green", State.WARNING: "yellow", State.BAD: "bold red"}
_GAP = 2
#: Cells of a text that is long, and may be cut; of one that is cut as far as it may be; and columns that stay.
_LONG, _SHORT, _FIRST = 24, 10, 3
#: Lines that a block keeps while there are less important ones.
_FEW = 6
#: Lines that the last of them keeps: its heading, and that there are rows.
_LEAST_LINES = 2


@dataclass(frozen=True, slots=True)
class Block:
    """A heading, and rows under it."""

    head: Text
    rows: tuple[Text, ...]

    def lines(self, most: int | None = None) -> list[Text]:
        """Return it in at most ``most`` lines, of at least two; it says what is left out."""
        if most is None or 1 + len(self.rows) <= most:
            return [self.head, *self.rows]
        shown = max(0, most - 2)
        return [self.head, *self.rows[:shown], Text(f"… {len(self.rows) - shown} more", "dim")][:most]


def block(table: Table, width: int) -> Block:
    """Return a table in ``width`` cells: columns that have no room are left out, from those for wide windows on."""
    chosen, widths = _fitting(table, width)
    columns = [table.columns[place] for place in chosen]
    head = _line([Cell(column.title) for column in columns], columns, widths, "bold")
    rows = (_line([row[place] for place in chosen], columns, widths) for row in table.rows)
    return Block(head, tuple(rows))


def columns(blocks: Sequence[Block], count: int, height: int | None) -> list[list[Text]]:
    """Return blocks in ``count`` columns of at most ``height`` lines, each block in the shortest one so far."""
    filled: list[list[Block]] = [[] for _ in range(count)]
    for one in blocks:
        min(filled, key=_height).append(one)
    return [_cut(column, height) for column in filled]


def _height(column: Sequence[Block]) -> int:
    return sum(2 + len(one.rows) for one in column)


def _cut(column: Sequence[Block], height: int | None) -> list[Text]:
    """Return the lines of a column: the longest blocks lose rows first, then the last blocks go, then rows again."""
    blocks, sizes = list(column), [1 + len(one.rows) for one in column]
    while height is not None and sizes and sum(sizes) + len(sizes) - 1 > height:
        longest = max(range(len(sizes)), key=lambda place: sizes[place])
        if sizes[longest] > (_FEW if len(sizes) > 1 else _LEAST_LINES):
            sizes[longest] -= 1
        else:
            blocks.pop()
            sizes.pop()
    lines = list[Text]()
    for one, size in zip(blocks, sizes, strict=True):
        lines += [*([Text()] if lines else []), *one.lines(size)]
    return lines


def _fitting(table: Table, width: int) -> tuple[list[int], list[int]]:
    """Return which columns there is room for, and how wide each is."""
    natural = [
        max(cell_len(text) for text in (column.title, *(row[place].text for row in table.rows)))
        for place, column in enumerate(table.columns)
    ]
    order = sorted(range(len(natural)), key=lambda place: (not table.columns[place].narrow, place))
    # Columns go before texts are cut, but for long ones, and for the first columns: these are cut first.
    while len(order) > _FIRST and _taken(order, [min(one, _LONG) for one in natural]) > width:
        order.pop()
    while len(order) > 1 and _taken(order, [min(one, _SHORT) for one in natural]) > width:
        order.pop()
    chosen = sorted(order)
    widths = [natural[place] for place in chosen]
    _shrink(widths, width)
    return chosen, widths


def _taken(order: Sequence[int], widths: Sequence[int]) -> int:
    return sum(widths[place] for place in order) + _GAP * (len(order) - 1)


def _shrink(widths: list[int], width: int) -> None:
    """Take from the widest until all fit."""
    spare = sum(widths) + _GAP * (len(widths) - 1) - width
    while spare > 0 and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
        spare -= 1


def _line(cells: Sequence[Cell], columns: Sequence[Column], widths: Sequence[int], style: str = "") -> Text:
    line = Text(no_wrap=True)
    for place, (cell, column, width) in enumerate(zip(cells, columns, widths, strict=True)):
        text = cell.text if cell_len(cell.text) <= width else f"{set_cell_size(cell.text, width - 1)}…"
        padding = " " * (width - cell_len(text))
        line.append(" " * _GAP if place else "")
        line.append(f"{padding}{text}" if column.numeric else f"{text}{padding}", style or STYLES[cell.state])
    line.rstrip()
    return line
