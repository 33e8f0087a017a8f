"""The connections of one server: how many there may be, and who has to go when there are too many."""

import asyncio
from contextlib import suppress

from sidecar.transport.native.protocol import NativeProtocol


class OpenConnections:
    """All that are open, in the order in which they were opened."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
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
        """Note a new one; say whether there is room for it.

        Room is made by whoever was silent longest, and has no call under way: one that does nothing is not Envoy's,
        which asks for our health each second. Where all are busy the new one has to go.
        """
        if len(self._open) >= self._limit:
            silent = min((one for one in self._open if one.is_idle), key=lambda one: one.heard_at, default=None)
            if silent is None:
                return False
            del self._open[silent]
            silent.abort()
        self._open[connection] = None
        self._none.clear()
        return True

    def lost(self, connection: NativeProtocol) -> None:
        """Note that one has ended."""
        self._open.pop(connection, None)
        if not self._open:
            self._none.set()

    async def none_within(self, seconds: float) -> None:
        """Wait until there are none, so long at the most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._none.wait()
