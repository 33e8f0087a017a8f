"""The page: every figure of a run, its settings, its aims and where a peer is better."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from peers.better import Better, better
from peers.gates import gates
from peers.plan import REFERENCE, Cell
from peers.results import Measure, Results, Shown

_TITLES = {"one": "1 token", "thousand": "1000 tokens", "fresh": "tokens that never repeat"}
_INTRODUCTION = """\
# The sidecar beside its peers

Made by `make bench-peers` (`benchmarks/peers`); the raw figures are in
[peers.json](../benchmarks/peers/results/peers.json). Ratios are from one run on one machine and carry over; times do
not.

Every contender stands behind the same Envoy with one worker (`--concurrency 1`), so that two processors are enough for
Envoy, sidecar and load. Envoy answers by itself what is let through: an upstream would cost all the same. All decide on
the same Ed25519 tokens by the same condition (issuer, audience, expiry, method GET, paths below `/orders/`, a group
among the claims) and hand on four identity headers and dynamic metadata. Before it is measured each must answer eleven
requests rightly: good ones, and forged, expired, foreign and missing tokens, another group, path and method.

The ext_authz filter and its cluster are the generated ones for all who are asked through them, but for a time-out of
5 s. In each round every contender is started anew, in another order; a figure is the median over the rounds. CPU is the
scheduler's account (`schedstat`) of all threads of Envoy, and of all processes of the sidecar. Memory is PSS.
"""


def page(results: Results) -> str:
    """Return the page as Markdown."""
    parts = [_INTRODUCTION, _summary(results), *_charts(results), *_cells(results), _variants(results)]
    parts += [_aims(results), _better(results), _settings(results), _facts(results)]
    return "\n".join(part for part in parts if part)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; a vertical bar or line break in a field is replaced."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(_plain(field) for field in line)} |\n" for line in lines)


def _plain(field: str) -> str:
    return " ".join(field.replace("|", "/").split())


def _summary(results: Results) -> str:
    kind = "A quick run, to see that everything works; its figures mean little. " if results.quick else ""
    return f"{kind}{results.rounds} round(s), {results.seconds:g} s a load.\n"


def _charts(results: Results) -> Iterator[str]:
    yield "![Processor time a request, at 32 connections](charts/peers-cpu.svg)\n"
    yield "![Latency by number of connections](charts/peers-latency.svg)\n"
    if any(one.name.startswith("rules-") for one in results.measured(variants=True)):
        yield "![Processor time by number of rules](charts/peers-rules.svg)\n"


def _cells(results: Results) -> Iterator[str]:
    yield "## Closed loop (wrk)\n\nEach connection sends its next request when it has its answer.\n"
    yield from (_cell(results, cell) for cell in results.cells if not cell.rate)
    yield (
        "## Open loop (vegeta)\n\n"
        "Requests are due at a fixed rate, whatever became of those before; latency counts from when one was due.\n"
    )
    yield from (_cell(results, cell) for cell in results.cells if cell.rate)


def _cell(results: Results, cell: Cell) -> str:
    load = f"{cell.rate} requests a second" if cell.rate else f"{cell.connections} connection(s)"
    text = f"### {load}, {_TITLES[cell.tokens]}\n\n{_figures(results, cell.name, results.measured())}"
    return text + "".join(f"\n{line}\n" for line in _failures(results, cell.name))


def _failures(results: Results, cell: str) -> Iterator[str]:
    titles = {one.name: one.title for one in results.contenders}
    for one in results.failures:
        if one.cell == cell:
            yield f"No figures in round {one.round + 1} for {titles[one.contender]}: {_plain(one.why)}."


def _figures(results: Results, cell: str, shown: Sequence[Shown]) -> str:
    columns: dict[str, tuple[Callable[[Measure], float], str]] = {
        "Envoy µs": (lambda one: one.envoy_cpu, ".1f"),
        "sidecar µs": (lambda one: one.sidecar_cpu, ".1f"),
        "together µs": (lambda one: one.cpu, ".1f"),
        "requests/s": (lambda one: one.rate, ",.0f"),
        "p50 ms": (lambda one: one.p50, ".2f"),
        "p99 ms": (lambda one: one.p99, ".2f"),
        "p99.9 ms": (lambda one: one.p999, ".2f"),
        "Envoy MiB": (lambda one: one.envoy_memory, ".0f"),
        "sidecar MiB": (lambda one: one.sidecar_memory, ".0f"),
    }

    def row(one: Shown) -> Iterator[str]:
        yield one.title
        for what, form in columns.values():
            value = results.figure(one.name, cell, what)
            yield "" if value is None else format(value, form)

    return table(["", *columns], (list(row(one)) for one in shown))


def _variants(results: Results) -> str:
    shown = results.measured(variants=True)
    if not shown:
        return ""
    reference = [one for one in results.measured() if one.name in (results.reference, "go")]
    text = "## One thing changed\n\n32 connections, 1000 tokens.\n\n"
    return text + _figures(results, REFERENCE.name, [*reference, *shown])


def _aims(results: Results) -> str:
    rows = (
        (gate.what, gate.shown, "" if gate.limit is None else f"≤ {gate.limit:g}", gate.verdict)
        for gate in gates(results)
    )
    text = "32 connections and 1000 tokens, where nothing else is said; of the Go server's settings the better one."
    return f"## What was aimed at\n\n{text}\n\n" + table(["", "measured", "aim", ""], rows)


def _better(results: Results) -> str:
    def row(one: Better) -> tuple[str, ...]:
        theirs = ", ".join(f"{peer} {value:.3g}" for peer, value in one.theirs.items())
        return one.cell, one.figure, f"{one.ours:.3g}", theirs

    rows = list(map(row, better(results)))
    reference = next((one.title for one in results.contenders if one.name == results.reference), results.reference)
    text = f'Every figure in which a peer does better than "{reference}", by whatever margin.'
    text = f"## Where a peer is better\n\n{text}\n\n"
    return text + (table(["load", "figure", "ours", "better"], rows) if rows else "None in this run.\n")


def _settings(results: Results) -> str:
    rows = ((one.title, one.settings) for one in results.contenders)
    text = "## Settings\n\n" + table(["", ""], rows)
    titles = {one.name: one.title for one in results.contenders}
    missing = [(titles.get(name, name), why) for name, why in results.unavailable.items()]
    return text + (
        "\nNot available in this run, or not to its end:\n\n" + table(["", "why"], missing) if missing else ""
    )


def _facts(results: Results) -> str:
    return "## Machine and versions\n\n" + table(["", ""], results.facts.items())
