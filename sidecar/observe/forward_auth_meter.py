"""From what the front for HTTP has seen to counters in shared memory."""

from collections.abc import Iterator
from typing import Final

from sidecar.memory.counters import Row
from sidecar.observe.forward_auth_series import CONNECTIONS, LIMITS, REQUESTS, HttpCounts, HttpEnd, HttpLimit
from sidecar.observe.series import index_of

ACCEPTED: Final = index_of(CONNECTIONS)
REQUEST: Final = {end: index_of(REQUESTS, end.value) for end in HttpEnd}
LIMIT: Final = {limit: index_of(LIMITS, limit.value) for limit in HttpLimit}


class ForwardAuthMeter:
    """Adds what ``HttpCounts`` have grown by to a process's row."""

    def __init__(self, row: Row) -> None:
        self._row = row
        self._last: dict[int, int] = {}

    def publish(self, counts: HttpCounts) -> None:
        """Add what came since the last time; with each heartbeat."""
        for index, total in _totals(counts):
            self._row.add(index, total - self._last.get(index, 0))
            self._last[index] = total


def _totals(counts: HttpCounts) -> Iterator[tuple[int, int]]:
    yield ACCEPTED, counts.connections
    yield from ((REQUEST[end], count) for end, count in counts.requests.items())
    yield from ((LIMIT[limit], count) for limit, count in counts.limits.items())
