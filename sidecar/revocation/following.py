"""What is said of a feed that is followed, for those who need no Redis to hear it."""

import asyncio
from dataclasses import dataclass


class FeedError(Exception):
    """Redis cannot be reached, or does not do what it is asked. The text says why, without secrets."""


class NotTakenError(Exception):
    """What was read cannot be stored now, and must be read again. The text says why."""


@dataclass(slots=True)
class FeedState:
    """How it goes. Times are in seconds: ``…_at`` since the epoch, ``at_end`` of CLOCK_MONOTONIC."""

    connected: bool = False
    caught_up: bool = False  #: was read to its end, by this process
    contact_at: float | None = None  #: when Redis last answered
    at_end: float | None = None  #: when there was nothing more to read
    connections: int = 0
    stuck: bool = False  #: what was read last could not be stored
    trouble: str = ""  #: why it is not connected, or does not go on


async def end(task: "asyncio.Task[None]") -> None:
    """End the task that runs a feed. One cancellation may be lost in the client, where it is closing a connection."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=0.1)
