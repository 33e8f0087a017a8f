"""Statements that are signed while checks go on, each for an assertion that is still good."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from sidecar.core.assertion import Minted, Statement

#: Renewals under way at once. Who finds no room asks again, a second later: there is a third of a lifetime.
MOST = 256
#: Seconds that one may take.
PATIENCE = 10.0

_log = logging.getLogger(__name__)


class BackgroundRenewals:
    """``core.assertion.Renewals`` by ``mint``, in the event loop that is running; without one nothing is renewed."""

    def __init__(self, mint: Callable[[Statement], Awaitable[Minted | None]]) -> None:
        self._mint = mint
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, statement: Statement, done: Callable[[Minted], None]) -> None:
        """Have it signed, and call ``done`` in the loop."""
        if len(self._tasks) >= MOST:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        task = loop.create_task(self._renew(statement, done))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Give up those under way."""
        for task in self._tasks:
            task.cancel()

    async def _renew(self, statement: Statement, done: Callable[[Minted], None]) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                minted = await self._mint(statement)
        except Exception as error:  # noqa: BLE001 - it is asked for again, and whoever waits for one is told
            _log.debug("an assertion was not renewed: %s", type(error).__name__)
            return
        if minted is not None:
            done(minted)
