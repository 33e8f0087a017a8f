"""Runs workers, one after the other, and puts together what they found."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from suite.groups import load
from suite.measurement import Baseline, Measurement, Unit
from suite.size import Size
from suite.statistics import Line, line

#: What a group may take before it is given up.
SECONDS = 300.0
_HERE = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Failure:
    """A group that could not be measured, and why."""

    group: str
    why: str


def run(names: Iterable[str], size: Size, tell: Callable[[str], None]) -> Iterator[Line | Failure]:
    """Yield the lines of groups, all those of one when it is done."""
    for name in names:
        began, spent = time.monotonic(), _cpu()
        try:
            found = [_worker(name, size) for _ in range(1 if load(name).COSTLY else size.processes)]
        except (subprocess.SubprocessError, OSError) as error:
            yield Failure(name, _why(error))
        else:
            yield from together(found)
        tell(f"{name}: {time.monotonic() - began:.1f} s, {_cpu() - spent:.1f} s of CPU")


def together(found: list[list[dict[str, Any]]]) -> list[Line]:
    """Return the lines of what several workers found of one group; values of all count alike."""
    lines = []
    for parts in zip(*found, strict=True):
        first = parts[0]
        baseline = Baseline(first["against"], _nothing) if first["against"] else None
        measured = Measurement(first["name"], first["what"], Unit[first["unit"]], _nothing, baseline)
        values, others = ([value for part in parts for value in part[which]] for which in ("values", "baseline_values"))
        lines.append(line(first["group"], measured, values, others))
    return lines


def _cpu() -> float:
    """Return the seconds of CPU that processes have had which ended."""
    times = os.times()
    return times.children_user + times.children_system


def _nothing() -> float:
    raise NotImplementedError


def _worker(name: str, size: Size) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        file = Path(folder) / "lines.json"
        subprocess.run(  # noqa: S603 - ourselves
            [sys.executable, "-m", "suite.worker", name, size.name, str(file)],
            env={**os.environ, "PYTHONPATH": str(_HERE)},
            check=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        lines: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return lines


def _why(error: Exception) -> str:
    """Return the last line that a worker wrote, which says what is wrong, or the error itself."""
    if isinstance(error, subprocess.CalledProcessError):
        with suppress(IndexError):
            return str(error.stderr.strip().splitlines()[-1])
    return str(error)
