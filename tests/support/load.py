"""Load on Envoy: many connections that are kept open, each with one request at a time; every answer is looked at."""

import asyncio
import itertools
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self


@dataclass
class Load:
    """Requests until ``stop`` is called and at least ``least`` were answered. ``statuses`` counts the answers.

    ``look`` is shown the body of each answer with 200. A connection that the other side closes before it answers is an
    error; with ``may_close`` it is counted as ``closed``, and not opened again.
    """

    port: int
    request: Callable[[int], bytes]
    connections: int = 16
    least: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    look: Callable[[bytes], None] = lambda _: None
    host: str = "127.0.0.1"
    may_close: bool = False

    def __post_init__(self) -> None:
        """Prepare."""
        self._stopping = threading.Event()
        self._numbers = itertools.count()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End, whatever was answered."""
        self.least = 0
        self.finish()

    def finish(self) -> None:
        """Go on until enough was answered, and end."""
        self._stopping.set()
        self._thread.join(90)

    @property
    def answered(self) -> int:
        """Return how many requests were answered."""
        return self.statuses.total()

    async def _run(self) -> None:
        await asyncio.gather(*(self._converse() for _ in range(self.connections)))

    async def _converse(self) -> None:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            await self._talk(reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not self._stopping.is_set() or self.answered < self.least:
            writer.write(self.request(next(self._numbers)))
            try:
                status, body = await _answer(reader)
            except (asyncio.IncompleteReadError, ConnectionError):
                if not self.may_close:
                    raise
                self.statuses["closed"] += 1
                return
            self.statuses[status] += 1
            if status == "200":
                self.look(body)


async def _answer(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """Read one answer; return its status and, where it is a denial, the reason; and its body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    lines = head.split("\r\n")
    length = next((int(line[16:]) for line in lines if line.lower().startswith("content-length:")), 0)
    body = await reader.readexactly(length)
    status = lines[0].split(" ")[1]
    return (status if status == "200" else f"{status} {body[:80].decode('latin-1')}"), body
