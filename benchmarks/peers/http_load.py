"""So many requests over kept connections, each answer looked at: what wrk, which runs for a time, does not do."""

import asyncio
from collections.abc import Sequence

_OK = b"HTTP/1.1 200 "
_LENGTH = b"content-length: "
_SECONDS = 30.0


async def send_each(port: int, requests: Sequence[bytes], total: int, connections: int) -> int:
    """Send ``total`` requests to 127.0.0.1:``port``, one of ``requests`` after the other; return how many got a 200.

    What is lost with a connection is no 200, and nothing is sent twice.
    """
    turns, answered = iter(range(total)), 0

    async def converse() -> None:
        nonlocal answered
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            for turn in turns:
                writer.write(requests[turn % len(requests)])
                is_ok = await asyncio.wait_for(_is_ok(reader), _SECONDS)
                answered += is_ok
        finally:
            writer.close()

    async def go_on() -> None:
        # A connection that is lost takes one request along.
        lost = True
        while lost:
            try:
                await converse()
                lost = False
            except (OSError, EOFError, TimeoutError) as error:
                print(f"a connection was lost: {error!r}")

    await asyncio.gather(*(go_on() for _ in range(connections)))
    return answered


async def _is_ok(reader: asyncio.StreamReader) -> bool:
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [line[len(_LENGTH) :] for line in head.lower().split(b"\r\n") if line.startswith(_LENGTH)]
    await reader.readexactly(int(lengths[0]) if lengths else 0)
    return head.startswith(_OK)
