"""A process' row of counters in shared memory."""

from contextlib import ExitStack

from sidecar.memory import segment
from sidecar.memory.counters import CounterTable, Row, size
from sidecar.observe.series import SCHEMA


def a_row(stack: ExitStack) -> Row:
    """Return the row of one process, until ``stack`` closes."""
    shared = stack.enter_context(segment.create(segment.pages(size(SCHEMA, 1))))
    return stack.enter_context(CounterTable(shared, SCHEMA, 1)).row(0)
