"""The one way onto the list, for all sources: entries get their ends, are stored in one thread, and counted."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sidecar.memory.denylist_layout import DenylistFullError
from sidecar.observe.revocation_series import Revocation, Source
from sidecar.revocation.entry import Entry, EntryError
from sidecar.revocation.keeper import Ended, EndedAlike, Keeper
from sidecar.revocation.lifetime import Lifetimes
from sidecar.revocation.lines import Batch

_Outcome = TypeVar("_Outcome")
#: Told how many entries of a source came to what.
Counter = Callable[[Source, Revocation, int], None]


class Store:
    """Puts entries on the list. ``lifetimes`` returns those in force, ``clock`` seconds since the epoch."""

    def __init__(
        self, keeper: Keeper, lifetimes: Callable[[], Lifetimes], clock: Callable[[], float], count: Counter
    ) -> None:
        self.keeper = keeper
        self._lifetimes, self._clock, self._count = lifetimes, clock, count
        #: INVARIANT: the list has one writer, and that has one thread. A lock would not do: a caller that is cancelled
        #: would give it back while its thread goes on.
        self._thread = ThreadPoolExecutor(1, "denylist")
        #: INVARIANT: an entry that was given its end is stored before other lifetimes count.
        self._turn = asyncio.Lock()

    async def put_all(self, entries: Sequence[Entry], source: Source) -> list[Ended]:
        """Store all of ``entries``, or none, and return them with their ends.

        Raises ``EntryError``, and ``DenylistFullError``.
        """
        async with self._turn:
            ended = [Ended(one.name, one.before, self._lifetimes().end_of(one, self._clock())) for one in entries]
            await self._put(ended, source)
        return ended

    async def postpone(self, seconds: float, change: Callable[[], None]) -> None:
        """Have all entries end so much later, once those under way are stored; ``change`` the lifetimes before."""
        async with self._turn:
            change()
            if seconds:
                await self._do(lambda: self.keeper.postpone(seconds))

    async def _put(self, entries: Iterable[Ended], source: Source, alike: Sequence[EndedAlike] = ()) -> None:
        """Store entries: when this has returned every check finds them. Raises ``DenylistFullError``."""
        listed = list(entries)
        try:
            stored = await self._do(lambda: self.keeper.store(listed, alike))
        except DenylistFullError:
            self._count(source, Revocation.FULL, len(listed) + sum(len(one.values) for one in alike))
            raise
        self._count(source, Revocation.STORED, stored.in_force)
        self._count(source, Revocation.OVER, stored.over)

    async def put_good(self, entries: Sequence[Entry], source: Source) -> list[tuple[int, str]]:
        """Store those that have an end; return the index of each other, and why. Raises ``DenylistFullError``."""
        return await self.put_lines(Batch([*enumerate(entries)]), source)

    async def put_lines(self, batch: Batch, source: Source) -> list[tuple[int, str]]:
        """Store those that have an end; return the number of each other, and why. Raises ``DenylistFullError``."""
        async with self._turn:
            good, alike, problems = await asyncio.to_thread(self._sorted, batch)
            self._count(source, Revocation.REFUSED, len(problems))
            if good or alike:
                await self._put(good, source, alike)
        return problems

    def refuse(self, source: Source, number: int, result: Revocation = Revocation.REFUSED) -> None:
        """Count what did not come so far."""
        self._count(source, result, number)

    async def sweep(self) -> int:
        """Erase what is over."""
        return await self._do(self.keeper.sweep)

    async def lacks(self) -> bool:
        """Say whether what was over is in force again (``Keeper.lacks``)."""
        return await self._do(self.keeper.lacks)

    async def disown(self) -> None:
        """Vouch for nothing until all was stored again."""
        await self._do(self.keeper.disown)

    async def miss(self) -> None:
        """Remember that entries were lost before they were read."""
        await self._do(self.keeper.miss)

    async def vouch(self, until: float) -> None:
        """Stand up for the list's being complete up to ``until``."""
        await self._do(lambda: self.keeper.vouch(until))

    async def close(self) -> None:
        """End the thread, once it has done what it was told."""
        await asyncio.to_thread(self._thread.shutdown)
        self.keeper.close()

    async def _do(self, work: Callable[[], _Outcome]) -> _Outcome:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _sorted(self, batch: Batch) -> tuple[list[Ended], list[EndedAlike], list[tuple[int, str]]]:
        lifetimes, now = self._lifetimes(), self._clock()
        good: list[Ended] = []
        alike: list[EndedAlike] = []
        problems: list[tuple[int, str]] = []
        for number, entry in batch.entries:
            try:
                good.append(Ended(entry.name, entry.before, lifetimes.end_of(entry, now)))
            except EntryError as error:
                problems.append((number, str(error)))
        for some in batch.alike:
            name = some.pattern.name
            try:
                alike.append(EndedAlike(name.issuer, name.kind, some.values, lifetimes.ends_of(some, now)))
            except EntryError as error:
                problems.extend((number, str(error)) for number in some.numbers.tolist())
        return good, alike, problems
