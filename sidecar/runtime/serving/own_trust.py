"""The Trust of a process that does control's part too: what is read anew is taken at once, and keys are asked for."""

import asyncio
from collections.abc import Awaitable, Callable

from sidecar.loading.trust import Loaded
from sidecar.runtime.control.reload import Reading
from sidecar.runtime.serving.holder import Holder
from sidecar.runtime.serving.refetching import Refetching


class OwnTrust:
    """``refetch`` has the keys of an issuer fetched (``Desk.refetch``); ``apply`` is for the desk.

    ``generation`` counts the configurations that were in force, from 1. ``asking`` are the tasks that wait for keys.
    """

    def __init__(self, loaded: Loaded, refetch: Callable[[bytes], Awaitable[float]]) -> None:
        self._refetch = refetch
        self.refetching = Refetching(self._ask)
        self.holder = Holder(loaded, lambda _trust: self.refetching.changed())
        self.generation = 1
        self.asking: set[asyncio.Task[None]] = set()

    async def apply(self, reading: Reading) -> None:
        """Put a reading in force."""
        if reading.loaded.trust.digest == self.holder.given.digest:
            self.holder.confirm(self.holder.given.digest, reading.loaded.good_until)
            return
        await self.holder.prepare(1, reading.snapshot.encode())
        self.holder.commit(1)
        self.generation += 1

    def _ask(self, issuer_digest: bytes) -> None:
        task = asyncio.create_task(self._answer(issuer_digest))
        self.asking.add(task)
        task.add_done_callback(self.asking.discard)

    async def _answer(self, issuer_digest: bytes) -> None:
        self.refetching.answered(issuer_digest, await self._refetch(issuer_digest))
