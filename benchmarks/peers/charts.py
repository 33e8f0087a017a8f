"""The charts, as small SVG files that read well on dark and on light."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from peers.contenders.ours import RULES
from peers.plan import REFERENCE, Tokens
from peers.results import Measure, Results

#: 4.5 : 1 against white and against black (WCAG 2.1, 1.4.3).
_TEXT = "#767676"
#: Okabe and Ito's colours, told apart by those who see fewer.
_ENVOY, _SIDECAR = "#8c8c8c", "#0072b2"
_LINES = ("#8c8c8c", "#e69f00", "#d55e00", "#56b4e9", "#0072b2", "#009e73", "#cc79a7", "#a06000", "#7a5fb0")
#: Any: each version of matplotlib has its own literal type for the keys.
_STYLE: Any = {
    "svg.fonttype": "none",  # text as text: a tenth of the size, and it can be searched
    "svg.hashsalt": "peers",  # the same figures give the same file
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": _TEXT,
    "axes.labelcolor": _TEXT,
    "axes.edgecolor": _TEXT,
    "xtick.color": _TEXT,
    "ytick.color": _TEXT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}


def write(results: Results, folder: Path) -> None:
    """Write every chart there are figures for."""
    folder.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(_STYLE):
        with _drawn(folder / "peers-cpu.svg") as axes:
            _cpu(axes, results)
        with _drawn(folder / "peers-latency.svg") as axes:
            _latency(axes, results)
        if _figure(results, "rules-1", _sidecar_cpu) is not None:
            with _drawn(folder / "peers-rules.svg") as axes:
                _rules(axes, results)


@contextmanager
def _drawn(file: Path) -> Iterator[Axes]:
    figure = Figure(figsize=(8, 4), layout="constrained")
    yield figure.add_subplot()
    figure.savefig(file, transparent=True, metadata={"Date": None, "Creator": None})


def _cpu(axes: Axes, results: Results) -> None:
    shown = [one for one in reversed(results.measured()) if _figure(results, one.name, _envoy_cpu) is not None]
    envoy = [_figure(results, one.name, _envoy_cpu) or 0.0 for one in shown]
    sidecar = [_figure(results, one.name, _sidecar_cpu) or 0.0 for one in shown]
    titles = [one.title for one in shown]
    axes.barh(titles, envoy, color=_ENVOY, label="Envoy")
    bars = axes.barh(titles, sidecar, left=envoy, color=_SIDECAR, label="sidecar")
    sums = [f"{one + other:.0f}" for one, other in zip(envoy, sidecar, strict=True)]
    axes.bar_label(bars, sums, padding=4, color=_TEXT)
    axes.set_xlabel("µs of processor time a request (32 connections, 1000 tokens)")
    axes.legend()


def _latency(axes: Axes, results: Results) -> None:
    cells = [cell for cell in results.cells if cell.tokens is Tokens.THOUSAND and not cell.rate]
    # A contender has its colour whether or not all others could be measured.
    colours = dict(zip((one.name for one in results.contenders if not one.variant), _LINES, strict=False))
    for one in results.measured():
        for what, style in ((lambda m: m.p50, "-"), (lambda m: m.p99, ":")):
            values = [(cell.connections, results.figure(one.name, cell.name, what)) for cell in cells]
            known = [(connections, value) for connections, value in values if value is not None]
            if known:
                label = one.title if style == "-" else None
                axes.plot(*zip(*known, strict=True), style, color=colours[one.name], marker=".", label=label)
    axes.set(xscale="log", yscale="log", xlabel="connections (1000 tokens)", ylabel="ms: p50, dotted p99")
    _tick(axes, [cell.connections for cell in cells])
    if axes.lines:
        axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))


def _rules(axes: Axes, results: Results) -> None:
    values = [(number, _figure(results, f"rules-{number}", _sidecar_cpu)) for number in RULES]
    known = [(number, value) for number, value in values if value is not None]
    axes.plot(*zip(*known, strict=True), color=_SIDECAR, marker="o")
    axes.set(xscale="log", ylim=(0, None), xlabel="rules, the last of which matches")
    axes.set_ylabel("µs of the sidecar a check")
    _tick(axes, [number for number, _ in known])


def _tick(axes: Axes, values: Sequence[int]) -> None:
    """Name the values that were measured instead of powers of ten."""
    axes.set_xticks(values, [str(value) for value in values])
    axes.tick_params(axis="x", which="minor", bottom=False)


def _figure(results: Results, contender: str, what: Callable[[Measure], float]) -> float | None:
    return results.figure(contender, REFERENCE.name, what)


def _envoy_cpu(measure: Measure) -> float:
    return measure.envoy_cpu


def _sidecar_cpu(measure: Measure) -> float:
    return measure.sidecar_cpu
