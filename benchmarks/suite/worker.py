"""A process that takes the values of one group: ``python -m suite.worker GROUP SIZE FILE``, into the file as JSON."""

import gc
import json
import sys
from contextlib import ExitStack
from pathlib import Path

from suite.groups import load
from suite.measurement import Measurement
from suite.rounds import taken
from suite.size import SIZES, Size
from suite.statistics import Line, line


def measured(name: str, size: Size) -> list[Line]:
    """Return the lines of a group, as this process finds them."""
    group = load(name)
    with ExitStack() as stack:
        measurements: list[Measurement] = group.measurements(size, stack)
        # As a server does after its start: what is there for good is not looked at again.
        gc.collect()
        gc.freeze()
        stack.callback(gc.unfreeze)
        values = taken(measurements, size.costly_rounds if group.COSTLY else size.rounds, warm=not group.COSTLY)
    return [line(group.TITLE, one, *values[one.name]) for one in measurements]


def written(lines: list[Line]) -> str:
    """Return lines as JSON."""
    return json.dumps(
        [
            {
                "group": one.group,
                "name": one.name,
                "what": one.what,
                "unit": one.unit.name,
                "against": one.against,
                "values": one.values,
                "baseline_values": one.baseline_values,
            }
            for one in lines
        ]
    )


def main() -> None:
    """Take the values."""
    name, size, file = sys.argv[1:]
    Path(file).write_text(written(measured(name, SIZES[size])), encoding="utf-8")


if __name__ == "__main__":
    main()
