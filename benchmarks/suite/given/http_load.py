"""Requests over kept connections at a fixed rate, each counted from when it was due (coordinated omission)."""

import asyncio
import time
from collections.abc import Sequence

_OK, _LENGTH, _SECONDS = b"HTTP/1.1 200 ", b"content-length: ", 30.0


async def keep_time(port: int, requests: Sequence[bytes], rate: float, seconds: float, connections: int) -> list[float]:
    """Send ``rate`` requests a second to 127.0.0.1:``port``; return the latencies in seconds. All must get a 200."""
    due_times, latencies, total = asyncio.Queue[float | None](), list[float](), max(int(rate * seconds), 1)

    async def converse(first: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        number = first
        while (due := await due_times.get()) is not None:
            writer.write(requests[number % len(requests)])
            number += connections
            await asyncio.wait_for(_allowed(reader), _SECONDS)
            latencies.append(time.perf_counter() - due)
        writer.close()

    clients = [asyncio.create_task(converse(number)) for number in range(connections)]
    began = time.perf_counter() + 0.1
    for number in range(total):
        due = began + number / rate
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        due_times.put_nowait(due)
    for _ in clients:
        due_times.put_nowait(None)
    await asyncio.gather(*clients)
    return latencies


async def _allowed(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [line[len(_LENGTH) :] for line in head.lower().split(b"\r\n") if line.startswith(_LENGTH)]
    await reader.readexactly(int(lengths[0]) if lengths else 0)
    assert head.startswith(_OK), head.partition(b"\r\n")[0]  # noqa: S101 - the answer is part of the measurement
