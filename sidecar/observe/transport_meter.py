"""From what a transport has seen to counters in shared memory."""

from collections.abc import Iterator
from typing import Final

from sidecar.memory.counters import Row
from sidecar.observe.series import index_of
from sidecar.observe.transport_counts import Direction, GrpcError, Limit, Scope, TransportCounts
from sidecar.observe.transport_series import CONNECTIONS, ERRORS, FAULTS, LIMITS, RESETS, STREAMS

ACCEPTED: Final = index_of(CONNECTIONS)
STREAM: Final = index_of(STREAMS)
LIMIT: Final = {limit: index_of(LIMITS, limit.value) for limit in Limit}
FAULT: Final = {scope: index_of(FAULTS, scope.value) for scope in Scope}
RESET: Final = {direction: index_of(RESETS, direction.value) for direction in Direction}
GRPC_ERROR: Final = {error: index_of(ERRORS, error.value) for error in GrpcError}


class TransportMeter:
    """Adds what ``TransportCounts`` have grown by to a process's row."""

    def __init__(self, row: Row) -> None:
        self._row = row
        self._last: dict[int, int] = {}

    def publish(self, counts: TransportCounts, streams: int) -> None:
        """Add what came since the last time. ``streams``: those of connections that are open."""
        for index, total in _totals(counts, streams):
            grown = total - self._last.get(index, 0)
            if grown:
                self._last[index] = total
                self._row.add(index, grown)


def _totals(counts: TransportCounts, streams: int) -> Iterator[tuple[int, int]]:
    yield ACCEPTED, counts.connections
    yield STREAM, counts.streams + streams
    yield from ((LIMIT[limit], count) for limit, count in counts.limits.items())
    yield from ((FAULT[scope], count) for scope, count in counts.faults.items())
    yield from ((RESET[direction], count) for direction, count in counts.resets.items())
    yield from ((GRPC_ERROR[error], count) for error, count in counts.errors.items())
