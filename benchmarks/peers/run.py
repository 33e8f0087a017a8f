"""The whole run, and what it takes from the command line."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from peers import facts, measure, report
from peers.answers import WrongAnswerError
from peers.contender import Bench, Contender, NotAvailableError
from peers.contenders import REFERENCES, contenders
from peers.gates import gates
from peers.load import LoadError, TokenFile
from peers.measure import TokenFiles
from peers.plan import FULL, QUICK, Plan
from peers.results import Results, Shown, read
from peers.tokens import Keys, write
from peers.tools import Tools, ToolsMissingError
from sidecar.demo.process import ProcessError

ROOT = Path(__file__).parents[2]
RESULTS = Path("benchmarks/peers/results/peers.json")
#: A quick run's figures are for looking at, not for keeping.
QUICK_OUTPUT = ROOT / "build" / "bench-peers"
THOUSAND = 1000
LONGEST_TEXT = 200
_FAILURES = (NotAvailableError, ProcessError, WrongAnswerError, LoadError, OSError)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run everything, and write what came of it."""
    options = _parser().parse_args(arguments)
    output = options.output or (QUICK_OUTPUT if options.quick else ROOT)
    if options.render:
        _render(read(output / RESULTS), output)
        return
    tools = Tools(options.tools, options.opa)
    try:
        tools.require(["wrk", "vegeta", "matplotlib"])
        tools.path("envoy")
    except (ToolsMissingError, RuntimeError) as error:
        sys.exit(str(error))
    plan = _plan(options)
    chosen = [one for one in contenders(options.ours) if not options.only or one.name in options.only]
    results = Results(
        facts=facts.facts(tools, ROOT),
        reference=REFERENCES[options.ours],
        contenders=[Shown(one.name, one.title, one.settings, one.variant) for one in chosen],
        cells=list(plan.cells),
        rounds=plan.rounds,
        seconds=plan.seconds,
        quick=options.quick,
    )
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        rounds(chosen, results, tools, plan, Path(folder))
    results.write(output / RESULTS)
    _render(results, output)


def rounds(chosen: Sequence[Contender], results: Results, tools: Tools, plan: Plan, folder: Path) -> None:
    """Measure all contenders in each round, each round beginning with another one."""
    keys = Keys()
    files = _token_files(keys, folder, plan)
    for number in range(plan.rounds):
        turn = number % max(len(chosen), 1)
        for contender in [*chosen[turn:], *chosen[:turn]]:
            if contender.name in results.unavailable:
                continue
            print(f"round {number + 1} of {plan.rounds}: {contender.title}", flush=True)
            own = folder / f"{contender.name}-{number}"
            own.mkdir()
            try:
                for found in measure.run(contender, Bench(own, tools, keys), plan, files, number):
                    results.add(found)
            except _FAILURES as error:
                results.unavailable[contender.name] = why(error, own)
                print(f"  not available: {error}", flush=True)


def why(error: Exception, folder: Path) -> str:
    """Return an error's text for the page: one line, not long, without the folder that is gone by then."""
    text = " ".join(str(error).replace(f"{folder}/", "").split())
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]} …"


def _token_files(keys: Keys, folder: Path, plan: Plan) -> TokenFiles:
    def file(name: str, number: int) -> TokenFile:
        return TokenFile(write(keys, folder / f"{name}.txt", number), 0, number)

    return TokenFiles(file("one", 1), file("thousand", THOUSAND), file("fresh", plan.fresh_tokens))


def _render(results: Results, output: Path) -> None:
    # Here, so that a command line that is wrong is told so without it.
    from peers import charts  # noqa: PLC0415

    charts.write(results, output / "docs" / "charts")
    page = output / "docs" / "benchmarks-peers.md"
    page.write_text(report.page(results), encoding="utf-8")
    print(f"\nwritten: {page}\n")
    for gate in gates(results):
        limit = "" if gate.limit is None else f"≤ {gate.limit:g}"
        print(f"{gate.what:<56}{gate.shown:>10}  {limit:<8}{gate.verdict}")


def _plan(options: argparse.Namespace) -> Plan:
    plan = QUICK if options.quick else FULL
    return replace(plan, rounds=options.rounds or plan.rounds, seconds=options.seconds or plan.seconds)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="peers", description="The sidecar beside its peers, through a real Envoy.")
    add = parser.add_argument
    add("--quick", action="store_true", help="one short round of few loads, a few minutes; written to build/")
    add("--opa", type=Path, metavar="PATH", help="a binary of OPA with its Envoy plugin")
    add("--tools", type=Path, metavar="DIR", help="where wrk and vegeta are, before PATH")
    add("--rounds", type=int, help="instead of the plan's")
    add("--seconds", type=float, help="for each load, instead of the plan's")
    add("--only", action="append", metavar="NAME", help="measure this contender alone; may be repeated")
    add("--ours", choices=sorted(REFERENCES), default="native", help="the transport that variants and aims are about")
    add("--render", action="store_true", help="measure nothing: page and charts anew, from the last run's figures")
    add("--output", type=Path, metavar="DIR", help="root of docs/ and benchmarks/ to write to")
    return parser
