"""The figures as files: ours with everything, and one of pyperf's for what compares two runs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyperf

from suite.measurement import Unit
from suite.statistics import Line

_UNITS = {Unit.BYTES: "byte", Unit.MEBIBYTES: "byte"}


@dataclass(frozen=True, slots=True)
class Results:
    """All that a run of the suite has found."""

    size: str
    facts: Mapping[str, str]
    load_before: float
    load_after: float
    lines: Sequence[Line]
    failures: Sequence[str] = ()
    warning: str = ""

    def of(self, name: str) -> Line | None:
        """Return the line of a name, ``None`` where it was not measured."""
        return next((one for one in self.lines if one.name == name), None)


def write(results: Results, folder: Path) -> None:
    """Write ``bench.json`` and ``pyperf.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bench.json").write_text(as_json(results), encoding="utf-8")
    benchmarks = [_benchmark(one) for one in results.lines if one.unit is not Unit.PERCENT and min(one.values) > 0]
    if benchmarks:
        pyperf.BenchmarkSuite(benchmarks).dump(str(folder / "pyperf.json"), replace=True)


def as_json(results: Results) -> str:
    """Return everything as JSON; values are in the unit's base: seconds, bytes, parts of one."""
    document = {
        "size": results.size,
        "facts": dict(results.facts),
        "load": {"before": results.load_before, "after": results.load_after},
        "warning": results.warning,
        "failures": list(results.failures),
        "lines": [_line(one) for one in results.lines],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _line(one: Line) -> dict[str, object]:
    return {
        "group": one.group,
        "name": one.name,
        "what": one.what,
        "unit": one.unit.value[0],
        "value": one.value,
        "shown": one.unit.shown(one.value),
        "spread": one.spread,
        "unsteady": one.is_unsteady,
        "values": one.values,
        "baseline": {"what": one.against, "value": one.baseline, "values": one.baseline_values}
        if one.against
        else None,
        "ratio": one.ratio,
    }


def _benchmark(one: Line) -> pyperf.Benchmark:
    metadata = {"name": one.name, "unit": _UNITS.get(one.unit, "second")}
    return pyperf.Benchmark([pyperf.Run(list(one.values), metadata=metadata)])
