"""A scoreboard and counters in one segment, as the supervisor makes them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sidecar.memory import segment
from sidecar.memory.counters import CounterTable, size
from sidecar.memory.scoreboard import Overall, Report, Scoreboard, State, Supervised
from sidecar.observe.series import SCHEMA

NAMES = ("control", "server-0", "server-1", "verifier-0")
NOW = 1000.0
_COUNTERS_AT = 4096


@dataclass(frozen=True)
class Shared:
    """What processes share."""

    scoreboard: Scoreboard
    table: CounterTable


@contextmanager
def shared() -> Iterator[Shared]:
    """Make both; nothing was written."""
    with segment.create(segment.pages(_COUNTERS_AT + size(SCHEMA, len(NAMES)))) as made:
        board = Scoreboard(made, len(NAMES))
        with CounterTable(made, SCHEMA, len(NAMES), offset=_COUNTERS_AT) as table:
            yield Shared(board, table)


def supervised(**changes: object) -> Supervised:
    """Return a child that runs, with changes."""
    fields = {"pid": 42, "incarnation": 3, "restarts": 2, "crash_loop": False, "started_at": 10.0} | changes
    return Supervised(**fields)  # type: ignore[arg-type]


def report(**changes: object) -> Report:
    """Return the word of a child that is ready, with changes."""
    fields = {"incarnation": 3, "state": State.READY, "heartbeat_at": NOW - 0.5, "connections": 7} | changes
    return Report(**fields)  # type: ignore[arg-type]


def all_well(board: Scoreboard) -> None:
    """Write that everybody is as they should be."""
    board.write_overall(Overall(pid=1, heartbeat_at=NOW - 0.25, generation=5))
    for index in range(len(NAMES)):
        board.write_supervised(index, supervised())
        board.write_report(index, report())
