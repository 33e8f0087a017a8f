"""The table: as Markdown, which a terminal shows well enough."""

import math
from collections.abc import Iterator, Sequence

from suite.saved import Results
from suite.statistics import Line

_HEAD = ("what", "value", "spread", "baseline", "ratio")


def markdown(results: Results) -> str:
    """Return facts, warnings and the table."""
    return "\n".join([*_facts(results), "", *_rows(results), "", *_remarks(results)]).rstrip() + "\n"


def _facts(results: Results) -> Iterator[str]:
    for name, value in results.facts.items():
        yield f"- {name}: {value}"
    yield f"- load: {results.load_before:.2f} before, {results.load_after:.2f} after"
    if results.size != "whole":
        yield f"- size: {results.size}: few and short rounds, for a look"
    if results.warning:
        yield f"- **Warning: {results.warning}**"


def _rows(results: Results) -> Iterator[str]:
    group = ""
    yield _row(_HEAD)
    yield _row(["---"] * len(_HEAD))
    for one in results.lines:
        if one.group != group:
            group = one.group
            yield _row([f"**{group}**", "", "", "", ""])
        yield _row(_cells(one))


def _cells(one: Line) -> list[str]:
    baseline = "" if one.baseline is None else f"{one.against}: {one.unit.shown(one.baseline)}"
    mark = " (!)" if one.is_unsteady else ""
    return [one.what, one.unit.shown(one.value), f"{one.spread:.1%}{mark}", baseline, _ratio(one.ratio)]


def _ratio(ratio: float | None) -> str:
    """Return a ratio with two or three digits that say something."""
    if ratio is None:
        return ""
    if ratio < 0.1:  # noqa: PLR2004 - from here on two digits behind the point say little
        return f"{ratio:.2g}"
    return f"{ratio:.{max(0, 2 - int(math.log10(max(ratio, 1))))}f}" if math.isfinite(ratio) else "∞"


def _row(cells: Sequence[str]) -> str:
    return "".join(f"| {cell} " if cell else "| " for cell in cells) + "|"


def _remarks(results: Results) -> Iterator[str]:
    yield "Medians; spreads are median absolute deviations. A ratio above 1 is better than the run's baseline."
    if any(one.is_unsteady for one in results.lines):
        yield "(!): the values lie more than 10 % apart; take it again on a quiet machine."
    for failure in results.failures:
        yield f"Not measured: {failure}"
