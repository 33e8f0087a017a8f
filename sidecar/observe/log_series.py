"""What is counted of the decision log."""

from enum import StrEnum
from typing import Final

from sidecar.observe.family import Family, every


class LogOutput(StrEnum):
    """Where decisions are logged."""

    STDOUT = "stdout"
    FILE = "file"
    OTLP = "otlp"


class LogResult(StrEnum):
    """What became of a record of the decision log."""

    WRITTEN = "written"
    LIMITED = "limited"  #: there were more in a second than may be
    FULL = "full"  #: it found no room, since writing is too slow
    FAILED = "failed"  #: it was not made, or not written: no room on the disk, a pipe that nobody reads


RECORDS: Final = Family(
    "authz_decision_log_records",
    "Decisions that were to be logged, for each place that they are logged to, by what became of them.",
    ("output", "result"),
    every(LogOutput, LogResult),
)
