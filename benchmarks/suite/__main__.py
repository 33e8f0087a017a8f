"""``python -m suite``: run it, print the table, write the files."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from suite import claims, machine, table
from suite.groups import NAMES
from suite.page import put
from suite.run import Failure, run
from suite.saved import Results, write
from suite.size import SIZES
from suite.statistics import Line

ROOT = Path(__file__).parents[2]
OUTPUT = ROOT / "build" / "bench"
PAGE = ROOT / "docs" / "benchmarks.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; return the exit code: 1 where something could not be measured."""
    options = _parser().parse_args(arguments)
    unknown = sorted(set(options.groups) - set(NAMES))
    if unknown:
        _parser().error(f"no group {', '.join(unknown)}; there are {', '.join(NAMES)}")
    if options.docs and (options.size != "whole" or options.groups):
        _parser().error("--docs takes the whole suite: a part of it, or a quick look, is nothing to be kept")
    results = measured(options.groups or NAMES, options.size)
    write(results, options.output)
    text, said = table.markdown(results), claims.markdown(results)
    (options.output / "bench.md").write_text(f"{text}\n{said}", encoding="utf-8")
    print(text)
    if not options.groups:
        print(said)
    print(f"written: {options.output}/bench.md, bench.json, pyperf.json (python -m pyperf compare_to OLD NEW)")
    if not options.groups and (names := claims.missing(results)):
        _tell(f"no such lines, or not measured: {', '.join(names)}")
        return 1
    if results.failures:
        return 1
    if options.docs:
        put(options.page, "table", text)
        put(options.page, "claims", said)
        print(f"written: {options.page}")
    return 0


def measured(names: Sequence[str], size: str) -> Results:
    """Run groups, and tell on standard error how it goes."""
    before = machine.load()
    if warning := machine.warning(before, 0.0):
        _tell(f"Warning: {warning}")
    lines: list[Line] = []
    failures: list[str] = []
    for one in run(names, SIZES[size], _tell):
        if isinstance(one, Failure):
            failures.append(f"{one.group}: {one.why}")
            _tell(f"{one.group}: NOT MEASURED: {one.why}")
        else:
            lines.append(one)
    after = machine.load()
    facts = machine.facts(ROOT)
    return Results(size, facts, before, after, lines, failures, machine.warning(before, after))


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="suite", description="One suite, one table. Linux.")
    add = parser.add_argument
    add("groups", nargs="*", metavar="GROUP", help=f"these alone: {', '.join(NAMES)}")
    add("--size", choices=SIZES, default="whole", help="quick: few and short rounds, below two minutes")
    add("--output", type=Path, metavar="DIR", default=OUTPUT, help="where the files go (default: build/bench)")
    add("--docs", action="store_true", help="write table and claims into docs/benchmarks.md, between its marks")
    add("--page", type=Path, default=PAGE, help="that page, or another one with such marks")
    return parser


if __name__ == "__main__":
    sys.exit(main())
