"""One dashboard, drawn: each panel at its place, as its kind is drawn."""

import math
from collections.abc import Callable, Mapping
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from authz_monitoring.board import COLUMNS, Board
from authz_monitoring.panel import Kind, Panel
from monitoring.pictures.answers import Answers
from monitoring.pictures.units import shown

#: Inches that a column and a unit of height take.
_WIDE, _HIGH = 0.62, 0.3
#: What an axis' own labels need: inches to the left of it, below, above, and of the legend beside it.
_LEFT, _BELOW, _ABOVE, _LEGEND = 0.62, 0.3, 0.32, 1.9
#: Okabe and Ito's colours, told apart by those who see fewer.
_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#8c8c8c", "#a06000", "#7a5fb0")
_NAMED = {"green": "#2e8b57", "orange": "#e08000", "red": "#c0392b"}
_STYLE: Any = {"font.size": 7, "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False}


def draw(board: Board, answers: Answers, path: Path) -> None:
    """Write a PNG."""
    placed = board.document("docs")["panels"]
    high = max(one["gridPos"]["y"] + one["gridPos"]["h"] for one in placed) * _HIGH
    panels = iter(panel for row in board.rows for panel in row.panels)
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(COLUMNS * _WIDE, high))
        for one in placed:
            place = one["gridPos"]
            left, top = place["x"] * _WIDE, high - place["y"] * _HIGH
            if one["type"] == "row":
                figure.text(left / (COLUMNS * _WIDE), (top - 0.2) / high, one["title"], fontsize=10, weight="bold")
                continue
            _panel(figure, next(panels), answers, (left, top, place["w"] * _WIDE, place["h"] * _HIGH))
        _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    """Write it in few colours, which makes a third of the size."""
    drawn = BytesIO()
    figure.savefig(drawn, dpi=80)
    with Image.open(drawn) as image:
        image.convert("RGB").quantize(64).save(path, optimize=True)


def _panel(figure: Figure, panel: Panel, answers: Answers, box: tuple[float, float, float, float]) -> None:
    left, top, width, height = box
    wide, high = figure.get_size_inches()
    beside = _LEGEND if panel.kind is Kind.LINES else 0.1
    inner = width - _LEFT - beside, height - _ABOVE - _BELOW
    axes = figure.add_axes(((left + _LEFT) / wide, (top - height + _BELOW) / high, inner[0] / wide, inner[1] / high))
    figure.text((left + 0.1) / wide, (top - 0.22) / high, panel.title, fontsize=8)
    if not _KINDS[panel.kind](axes, panel, answers):
        axes.set_axis_off()
        axes.text(0.5, 0.5, "no data", ha="center", va="center", color="#999999", transform=axes.transAxes)


def _lines(axes: Axes, panel: Panel, answers: Answers) -> bool:
    found = answers.lines(panel)
    found = dict(sorted(found.items(), key=lambda one: -np.nansum(one[1][1]))[:9])
    if not found:
        return False
    if panel.stacked:
        times = next(iter(found.values()))[0]
        values = [np.nan_to_num(line[1]) for line in found.values()]
        axes.stackplot(times, values, labels=list(found), colors=_COLOURS, alpha=0.7)
    else:
        for colour, (name, (times, values_of_one)) in zip(_COLOURS, found.items(), strict=False):
            axes.plot(times, values_of_one, color=colour, label=name, linewidth=1)
    _axis(axes, panel, answers)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.04), fontsize=6, handlelength=1)
    return True


def _axis(axes: Axes, panel: Panel, answers: Answers) -> None:
    axes.set(xlim=(0, answers.span))
    axes.set_ylim(bottom=0)
    if axes.get_ylim()[1] < 1e-9:
        axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(lambda value, _: shown(value, panel.unit))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0f} s")
    axes.grid(visible=True, color="#eeeeee", linewidth=0.6)


def _stat(axes: Axes, panel: Panel, answers: Answers) -> bool:
    values = [line[1][-1] for line in answers.lines(panel).values() if not math.isnan(line[1][-1])]
    if not values:
        return False
    colour = panel.base
    for limit in panel.limits:
        colour = limit.colour if values[0] >= limit.value else colour
    axes.set_axis_off()
    text = shown(values[0], panel.unit)
    axes.text(0.4, 0.45, text, ha="center", va="center", fontsize=18, color=_NAMED[colour], transform=axes.transAxes)
    return True


def _heatmap(axes: Axes, panel: Panel, answers: Answers) -> bool:
    found = {float(name.replace("+Inf", "inf")): line for name, line in answers.lines(panel).items()}
    bounds = sorted(found)
    if not bounds:
        return False
    counts = np.array([np.nan_to_num(found[bound][1]) for bound in bounds])
    each = np.diff(counts, axis=0, prepend=0).clip(0)
    times = found[bounds[0]][0]
    axes.pcolormesh(times, np.arange(len(bounds)), np.sqrt(each), cmap="Oranges", rasterized=True)
    axes.set_yticks(np.arange(len(bounds))[::3], [shown(bound, panel.unit) for bound in bounds[::3]])
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0f} s")
    return True


def _states(axes: Axes, panel: Panel, answers: Answers) -> bool:
    found = answers.lines(panel)
    for row, (times, values) in enumerate(found.values()):
        for (begin, end), value in zip(pairwise(times), values, strict=False):
            if not math.isnan(value):
                colour = panel.base
                for limit in panel.limits:
                    colour = limit.colour if value >= limit.value else colour
                axes.barh(row, end - begin, left=begin, height=0.7, color=_NAMED[colour])
    axes.set_yticks(range(len(found)), list(found))
    axes.set(xlim=(0, answers.span))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0f} s")
    return bool(found)


def _table(axes: Axes, panel: Panel, answers: Answers) -> bool:
    rows = answers.rows(panel)
    axes.set_axis_off()
    lines = max(1, int(panel.height * _HIGH / 0.16) - 4)
    for number, (labels, value) in enumerate(rows[:lines]):
        down = 1 - number / lines
        axes.text(0, down, "   ".join(labels), va="top", transform=axes.transAxes)
        axes.text(0.98, down, shown(value, panel.unit), va="top", ha="right", transform=axes.transAxes)
    return bool(rows)


_KINDS: Mapping[Kind, Callable[[Axes, Panel, Answers], bool]] = {
    Kind.LINES: _lines,
    Kind.STAT: _stat,
    Kind.HEATMAP: _heatmap,
    Kind.STATES: _states,
    Kind.TABLE: _table,
}
