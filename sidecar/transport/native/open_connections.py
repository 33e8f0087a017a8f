"""The connections of one server: how many there may be, and who has to go when there are too many.

Room is made by whoever is least like Envoy: first one whose peer has not sent its preface and SETTINGS, then one that
never had a call, then one that had none for ``keepalive_seconds``. Of several it is the one that was silent longest. To
watch our health is no call here, as it never ends. Where all others have calls the new one has to go.

The first is cut off, as it has nothing to lose. The others are left gracefully: a call may be on its way.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from sidecar.observe.transport_counts import Limit, TransportCounts
from sidecar.transport.native.limits import Limits
from sidecar.transport.native.peers import Doorkeeper
from sidecar.transport.native.protocol import NativeProtocol

#: Connections that are on their way out to make room, beyond the limit. Envoy is gone within a turn, and whoever never
#: goes is cut off once there are more.
MOST_LEFT: Final = 64


class OpenConnections:
    """All that are open, in the order in which they were opened."""

    def __init__(self, limits: Limits, doorkeeper: Doorkeeper | None = None) -> None:
        self._limits, self.doorkeeper = limits, doorkeeper
        self.counts = TransportCounts()
        #: How many there may be.
        self.most = limits.max_connections
        #: The server is leaving, and with it each connection that is opened from now on.
        self.leaving = False
        #: Those of ``_open`` that are left to make room, in that order.
        self._left: dict[NativeProtocol, None] = {}
        self._open: dict[NativeProtocol, None] = {}
        self._none = asyncio.Event()
        self._none.set()

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._open)

    def all(self) -> list[NativeProtocol]:
        """Return all there are now."""
        return list(self._open)

    def opened(self, connection: NativeProtocol) -> bool:
        """Note a new one; say whether there is room for it."""
        self.counts.connections += 1
        if len(self._open) - len(self._left) >= self.most:
            self.counts.limits[Limit.MAX_CONNECTIONS] += 1
            if not self._make_room():
                return False
        self._open[connection] = None
        self._none.clear()
        return True

    def _make_room(self) -> bool:
        staying = [one for one in self._open if one not in self._left]
        mute = _longest_silent(one for one in staying if not one.has_greeted)
        if mute is not None:
            self._cut_off(mute)
            return True
        to_leave = _longest_silent(one for one in staying if one.is_unused) or self._longest_idle(staying)
        if to_leave is None:
            return False
        self._left[to_leave] = None
        to_leave.leave()
        if len(self._left) > MOST_LEFT:
            self._cut_off(next(iter(self._left)))
        return True

    def _longest_idle(self, connections: Iterable[NativeProtocol]) -> NativeProtocol | None:
        since = {one: one.idle_since for one in connections}
        before = asyncio.get_running_loop().time() - self._limits.keepalive_seconds
        idle = {one: at for one, at in since.items() if at is not None and at < before}
        return min(idle, key=idle.__getitem__, default=None)

    def _cut_off(self, connection: NativeProtocol) -> None:
        self._forget(connection)
        connection.abort()

    def lost(self, connection: NativeProtocol) -> None:
        """Note that one has ended."""
        if connection in self._open:
            self._forget(connection)
        if not self._open:
            self._none.set()

    def _forget(self, connection: NativeProtocol) -> None:
        del self._open[connection]
        self._left.pop(connection, None)
        self.counts.streams += connection.streams

    @property
    def streams(self) -> int:
        """Return how many streams were opened on the connections that there are."""
        return sum(one.streams for one in self._open)

    def look_at_memory(self) -> None:
        """Close those that hold most, for as long as all together hold more than they may."""
        most = self._limits.max_total_buffer_bytes
        held = {one: one.held for one in self._open}
        total = sum(held.values())
        while total > most:
            greatest = max(held, key=held.__getitem__)
            total -= held.pop(greatest)
            greatest.hold_less(most)

    async def none_within(self, seconds: float) -> None:
        """Wait until there are none, so long at the most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._none.wait()


def _longest_silent(connections: Iterable[NativeProtocol]) -> NativeProtocol | None:
    return min(connections, key=lambda one: one.heard_at, default=None)
