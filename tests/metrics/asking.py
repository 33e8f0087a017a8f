"""Asking a sidecar's servers many things at once, and keeping account of every answer."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from h2_client import Client

from metrics.script import Item
from sidecar.memory.labelled_layout import Labels
from support.answers import read_answer
from support.fronts import CHECK

#: What one connection has under way at the most.
IN_FLIGHT = 24


@dataclass
class Account:
    """What was answered and what was asked and never answered, by what it is to be counted as."""

    answered: Counter[Labels] = field(default_factory=Counter)
    lost: Counter[Labels] = field(default_factory=Counter)
    _reasons: dict[bytes, str] = field(default_factory=dict)

    def answer(self, item: Item, response: bytes) -> None:
        """Note an answer, which must be the one that the script has; it may be shed, on a machine that is busy."""
        reason = self._reasons.get(response)
        if reason is None:
            reason = self._reasons[response] = read_answer(response).reason
        assert reason in (item.labels[1], "overloaded"), item.labels
        self.answered[item.labels if reason == item.labels[1] else ("denied", reason, "", "")] += 1


class Caller(Client):
    """A connection that always has something under way, as long as there is something to ask."""

    def __init__(self, items: Iterator[Item], account: Account) -> None:
        super().__init__(CHECK, self._answered_one)
        self._items, self._account = items, account
        self._asked = list[Item]()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def begin(self) -> None:
        """Ask as much as may be under way."""
        for _ in range(IN_FLIGHT):
            self._ask_one()

    def _ask_one(self) -> None:
        item = next(self._items, None)
        if item is not None:
            self._asked.append(item)
            self.call(len(self._asked) - 1, item.raw)
        elif not self.waiting:
            self._end()

    def _answered_one(self, number: float, response: bytes) -> None:
        try:
            self._account.answer(self._asked[int(number)], response)
        except BaseException as error:  # noqa: BLE001 - it is the test's, and not the event loop's
            if not self.ended.done():
                self.ended.set_exception(error)
            return
        self._ask_one()

    def connection_lost(self, _: Exception | None) -> None:
        """Note what was under way."""
        self._account.lost.update(self._asked[int(number)].labels for number, _ in self._calls.values())
        self._end()  # what was queued for want of a window was never sent

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


async def ask_all(addresses: tuple[str, ...], items: Iterator[Item], account: Account) -> None:
    """Ask all of ``items``, over two connections to each Unix socket, or until these are closed."""
    loop = asyncio.get_running_loop()
    callers = list[Caller]()
    for address in addresses * 2:
        made: Callable[[], Caller] = lambda: Caller(items, account)  # noqa: E731 - with its type, for mypy
        _, caller = await loop.create_unix_connection(made, address.removeprefix("unix:"))
        callers.append(caller)
    for caller in callers:
        caller.begin()
    async with asyncio.timeout(60):
        await asyncio.gather(*(caller.ended for caller in callers))
    for caller in callers:
        caller.close()
