"""What the tests of scoreboard and counters share."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from sidecar.memory.counter_schema import HistogramSchema, Schema
from sidecar.memory.scoreboard import Report, State

CHILDREN = 2
COUNTERS_AT = 1024
SCHEMA = Schema(counters=("one", "many"), histograms=(HistogramSchema("seconds", (0.5, 2.0)),))
#: A writer ends by itself after so many rounds, should nobody kill it.
WRITES = 20_000_000


def report_number(number: int, incarnation: int) -> Report:
    """Return a report all of whose fields follow from ``number``."""
    digest = blake2b(number.to_bytes(8, "big"), digest_size=32).digest()
    return Report(incarnation, State(1 + number % len(State)), float(number), number % 1000, digest)


def is_numbered(report: Report) -> bool:
    """Say whether a report is whole."""
    return report == report_number(int(report.heartbeat_at), report.incarnation)


@contextmanager
def writer(fd: int, incarnation: int, program: str = "report.py") -> Iterator[None]:
    """Run a process that writes without end, and kill it in the middle of it."""
    path = os.pathsep.join([str(Path(__file__).parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, str(Path(__file__).parent / "programs" / program), str(fd), str(incarnation)],
        stdout=subprocess.PIPE,
        pass_fds=[fd],
        env=environment | {"PYTHONPATH": path},
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == b"go\n"
            yield
        finally:
            process.kill()
