"""What the native server gives up only when it must: awaited answers, and peers that take long to read."""

import asyncio
import time

import pytest

from sidecar.transport.native.frames import window_update
from sidecar.transport.native.limits import KIB, MIB, Limits
from transport.native.client import LOOPS, Client, LoopFactory, ended, run, serving
from transport.native.wire import call, greeting, replies

both_loops = pytest.mark.parametrize("loop", LOOPS)


@both_loops
def test_denial_that_a_busy_loop_made_late_is_an_answer_all_the_same(loop: LoopFactory) -> None:
    """A handler keeps to the deadline by itself. With the loop busy beyond it, its denial must not be an error."""

    async def deny(_message: bytes) -> bytes:
        time.sleep(0.1)  # noqa: ASYNC251 - the loop is busy
        await asyncio.sleep(0.01)
        return b"denied"

    async def scenario() -> None:
        async with serving(answer=lambda message, _seconds: deny(message)) as (_, address), Client(address) as client:
            await client.send(greeting() + call(1, grpc_timeout="50m"))
            reply = replies(await client.until(ended(1)))[1]
            assert (reply.status, reply.message) == ("0", b"denied")

    run(scenario, loop)


@both_loops
def test_peer_that_reads_is_not_cut_off_for_one_large_read(loop: LoopFactory) -> None:
    """What was read at once may be answered with more than ``max_unsent_bytes``."""
    limits = Limits(write_buffer_bytes=64 * KIB, max_unsent_bytes=MIB)

    async def scenario() -> None:
        async with (
            serving(answer=lambda _message, _seconds: bytes(15_000), limits=limits) as (_, address),
            Client(address) as client,
        ):
            calls = b"".join(call(stream) for stream in range(1, 4001, 2))
            sending = asyncio.ensure_future(client.send(greeting({4: 2**31 - 1}) + window_update(0, 2**30) + calls))
            await client.until(ended(3999))
            await sending

    run(scenario, loop)
