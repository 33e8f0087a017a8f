"""Records with a number each, for outputs of the decision log."""

import json

from sidecar.decision_log.output import Told


def told(*numbers: int, size: int = 0) -> list[Told]:
    """Return records of these numbers, each line filled up to ``size`` bytes."""
    found = []
    for number in numbers:
        start = json.dumps({"n": number, "x": ""}).encode()
        line = start[:-2] + b"x" * max(0, size - len(start) - 1) + start[-2:] + b"\n"
        found.append(Told({"n": number}, line))
    return found
