"""From what becomes of a server's spans to its counters in shared memory."""

from typing import Final, Protocol

from sidecar.memory.counters import Row
from sidecar.observe.series import index_of
from sidecar.observe.span_series import SPANS, SpanEnd

SPAN: Final = {end: index_of(SPANS, end.value) for end in SpanEnd}


class Spans(Protocol):
    """What became of them so far."""

    @property
    def delivered(self) -> int:
        """How many the collector took."""

    @property
    def failed(self) -> int:
        """How many it did not."""

    @property
    def dropped(self) -> int:
        """How many were never sent, for want of room."""

    @property
    def refused(self) -> int:
        """How many were not made, since too many checks were to be traced."""


class SpanMeter:
    """Adds what they have grown by to a process's row."""

    def __init__(self, row: Row) -> None:
        self._row = row
        self._last = dict.fromkeys(SpanEnd, 0)

    def publish(self, spans: Spans) -> None:
        """Add what came since the last time; with each heartbeat."""
        now = {end: getattr(spans, end.value) for end in SpanEnd}
        for end, count in now.items():
            self._row.add(SPAN[end], count - self._last[end])
        self._last = now
