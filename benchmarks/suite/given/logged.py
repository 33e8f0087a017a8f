"""The decision log, for ``telling``: with all that is done for a line after the answer, into a file."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random

from sidecar.core.algorithm import Algorithm
from sidecar.core.keys import VerificationKey
from sidecar.decision_log.file import AppendedFile
from sidecar.decision_log.log import DecisionLog, Plan
from sidecar.decision_log.masks import Masks
from sidecar.decision_log.record import Origin
from sidecar.decision_log.watching import Choice
from sidecar.engine.engine import Observer
from sidecar.memory.counters import Row
from sidecar.memory.recent import ROOM
from sidecar.observe.log_meter import LogMeter
from sidecar.observe.log_series import LogOutput
from sidecar.runtime.serving.observing import observer_of
from suite.given.trust import make_trust

_QUEUE_BYTES = 64 * 1024**2
#: So many that no line is left out.
_A_SECOND = 1_000_000


@dataclass(frozen=True)
class Logged:
    """What is told of each check. ``waiting`` says how many are still to be told, ``lines`` how many were written."""

    observe: Observer
    waiting: Callable[[], int]
    lines: Callable[[], int]


def logged(stack: ExitStack, row: Row, allows_one_in: int) -> Logged:
    """Count checks and log one in so many; 0: none, and denials of late alone. To be called in a loop that runs on."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    # The one in force says where credentials are: what keys it has is nothing to a line.
    trust = make_trust(VerificationKey("k1", frozenset({Algorithm.EDDSA}), bytes(32), b""))
    choice = Choice(allows_one_in, 1, _A_SECOND, recent=True)
    plan = Plan(choice, Masks(), Origin("server-0", "0"), _QUEUE_BYTES, ROOM)
    log = DecisionLog(plan, lambda: trust, LogMeter(row).count, lambda _: None, Random(7))  # noqa: S311 - no secret
    path = folder / "decisions.jsonl"
    log.open([(LogOutput.FILE, AppendedFile(path))])
    return Logged(
        observer_of(row, (log.watch,)),
        lambda: log.waiting,
        lambda: path.read_bytes().count(b"\n") if path.exists() else 0,
    )
