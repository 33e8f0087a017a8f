"""A front that serves in a thread of its own, for what is asked of it by another program."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from sidecar.transport.address import Address


class Front(Protocol):
    """What both transports' servers are."""

    async def start(self, address: Address) -> Address:
        """Listen."""

    async def stop(self, grace: float) -> None:
        """End."""


@contextmanager
def serving_in_thread(make: Callable[[], Front], address: Address) -> Iterator[None]:
    """Serve what ``make`` makes on ``address``."""
    started, stop = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        server = make()
        await server.start(address)
        loops.append(asyncio.get_running_loop())
        started.set()
        await stop.wait()
        await server.stop(0)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert started.wait(30)
        yield
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join()
