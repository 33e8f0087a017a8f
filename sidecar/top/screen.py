"""A view as a screen: lines that fit into a width and, where there is one, a height."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from rich.cells import cell_len
from rich.console import Group
from rich.text import Text

from sidecar.status.curve import blocks as curve_blocks
from sidecar.status.view import Cell, Curve, Figure, View
from sidecar.status.wording import moment
from sidecar.top.blocks import STYLES, block, columns

#: Tables in the order of what matters most; those that are not named are not shown here, or as lines.
_TABLES = ("reasons", "processes", "caches", "pools", "keys", "issuers", "policies", "hooks", "trends")
#: Tables whose rows are lines: how grave it is, and what.
_LINES = {"alerts": "alert", "advice": "advice"}
#: Sections whose figures stand under the head.
_FIGURES = ("checks", "caches", "processes", "revocation", "bundle")
_ABOUT = ("uptime", "software", "trust", "observed")
_CURVES = ("curve-rate", "curve-p99", "curve-denied", "curve-hits")
#: Cells from which on there are two and three columns of tables.
_TWO, _THREE = 78, 150
_GAP = 2
#: Lines of a small window: in one that is not higher, less is shown of each kind.
_SMALL = 30
_FEW_FIGURES, _FEW_CURVES, _FEW_LINES = 3, 2, 2
_LEAST_CURVE = 8


def screen(view: View | None, foot: Cell, width: int, height: int | None = None) -> Group:
    """Return it. ``view``: ``None``: nothing is known yet. ``foot`` stands on the last line."""
    last = Text(foot.text, STYLES[foot.state] or "dim")
    room = None if height is None else max(0, height - 1)
    found = [] if view is None else list(_lines(view, width, room))
    lines = [*found, Text()] if room is None else [*found, *[Text()] * room][:room]
    return Group(*(_fit(line, width) for line in (*lines, last)))


def _lines(view: View, width: int, height: int | None) -> Iterator[Text]:
    small = height is not None and height <= _SMALL
    top = [_head(view), *(Text(banner.text, f"reverse {STYLES[banner.state]}") for banner in view.banners)]
    top += _figures(view, width)[: _FEW_FIGURES if small else None]
    top += _curves(view, width)[: _FEW_CURVES if small else None]
    for key in _LINES:
        top += _said(view, key)[: _FEW_LINES if small else None]
    yield from (*top, Text())
    yield from _tables(view, width, None if height is None else max(0, height - len(top) - 1))


def _head(view: View) -> Text:
    figures = {figure.key: figure for figure in view.figures()}
    line = Text.assemble(("authorization sidecar", "bold"), (f"  as of {moment(view.made_at)}", "dim"))
    for key in _ABOUT:
        line.append("  ").append_text(_figure(figures[key]))
    return line


def _figures(view: View, width: int) -> list[Text]:
    """Return all figures, as many on a line as there is room for."""
    lines, line = list[Text](), Text()
    for section in view.sections:
        for figure in section.figures if section.key in _FIGURES else ():
            word = _figure(figure)
            if line and line.cell_len + _GAP + word.cell_len > width:
                lines.append(line)
                line = Text()
            line = Text.assemble(line, " " * _GAP if line else "", word)
    return [*lines, line]


def _figure(figure: Figure) -> Text:
    return Text.assemble((f"{figure.label} ", "dim"), (figure.cell.text, STYLES[figure.cell.state] or "bold"))


def _curves(view: View, width: int) -> list[Text]:
    found = {curve.key: curve for curve in view.curves()}
    label = max(cell_len(curve.label) for curve in found.values())
    text = max(cell_len(curve.text) for curve in found.values())
    room = max(_LEAST_CURVE, width - label - text - 2 * _GAP)
    return [_curve(found[key], label, room) for key in _CURVES]


def _curve(curve: Curve, label: int, room: int) -> Text:
    shown = curve_blocks(curve.points, min(room, len(curve.points)))
    line = Text.assemble((curve.label.ljust(label + _GAP), "dim"), (shown, "cyan"))
    return line.append(f"{' ' * _GAP}{curve.text}")


def _said(view: View, key: str) -> list[Text]:
    """Return the rows of a table as lines: alerts, and what to do about them."""
    rows = next(table.rows for table in view.tables() if table.key == key)
    return [Text.assemble((f"{_LINES[key]}, {row[0].text}: ", STYLES[row[0].state]), row[1].text) for row in rows]


def _tables(view: View, width: int, height: int | None) -> list[Text]:
    count = 1 if width < _TWO else 2 if width < _THREE else 3
    each = (width - _GAP * (count - 1)) // count
    found = {table.key: table for table in view.tables()}
    blocks = [block(found[key], each) for key in _TABLES if key in found and found[key].rows]
    return [_beside(lines, each) for lines in zip_longest(*columns(blocks, count, height), fillvalue=Text())]


def _beside(lines: Sequence[Text], width: int) -> Text:
    whole = Text()
    for place, line in enumerate(lines):
        whole = Text.assemble(whole, " " * _GAP if place else "", line, " " * max(0, width - line.cell_len))
    whole.rstrip()
    return whole


def _fit(line: Text, width: int) -> Text:
    found = line.copy()
    found.truncate(max(width, 1), overflow="ellipsis")
    found.no_wrap = True
    return found
