"""Needs that no verifier has an answer to: they are verified here, whatever the reason."""

import asyncio
import math
from collections.abc import Awaitable, Callable

import pytest
from verify.pool.ends import LONG, asked, both, need, opened, settle, verdict

from sidecar.core.needs import Verdict, Verify
from sidecar.verify.pool.counts import PoolCounts
from sidecar.verify.pool.pool import Pool


def _inline_only(pool: Pool) -> bool:
    return pool.counts.inline == 1 and pool.counts.verdicts == 0


@pytest.mark.parametrize("timeout", [0.0, -1.0, math.nan])
def test_no_time(timeout: float) -> None:
    """Without time for a verifier it is verified here."""

    async def go() -> None:
        with both() as ends:
            pool = await opened(ends, ends.worker())
            one = need()
            assert await pool.verify(one, timeout) == verdict(one)
            assert _inline_only(pool)
            pool.close()

    asyncio.run(go())


@pytest.mark.parametrize("verifiers", [1, 2])
def test_nobody_answers(verifiers: int) -> None:
    """Where no verifier answers in time, after each that there is was asked, it is verified here."""

    async def go() -> None:
        with both(verifiers) as ends:
            workers = [ends.worker(number) for number in range(verifiers)]
            pool = await opened(ends, *workers)
            one = need(good=False)
            # Long enough that the second is asked, however busy the machine: half of the time is the first one's.
            assert await pool.verify(one, 1.0) == verdict(one, valid=False)
            assert pool.counts == PoolCounts(inline=1, timeouts=verifiers)
            await settle(*workers)
            assert [worker.counts.late for worker in workers] == [1] * verifiers
            pool.close()

    asyncio.run(go())


def test_never_started() -> None:
    """Without a verifier, and before it is opened or after it is closed, a pool verifies here."""

    async def go() -> None:
        with both() as ends:
            pool, needs = ends.pool(), [need() for _ in range(3)]
            assert await pool.verify(needs[0], LONG) == verdict(needs[0])
            pool.open()
            assert await pool.verify(needs[1], LONG) == verdict(needs[1])
            pool.close()
            assert await pool.verify(needs[2], LONG) == verdict(needs[2])
            assert pool.counts == PoolCounts(inline=3)

    asyncio.run(go())


def test_closed_while_waiting() -> None:
    """What waits when the pool is closed is verified here."""

    async def go() -> None:
        with both() as ends:
            pool = await opened(ends, ends.worker())
            one = need()
            (task,) = asked(pool, one)
            await asyncio.sleep(0)
            assert pool.waiting == 1
            pool.close()
            assert await task == verdict(one)
            assert pool.counts == PoolCounts(inline=1, lost=1)

    asyncio.run(go())


def test_too_many() -> None:
    """No more jobs than allowed are under way; the others are verified here at once."""

    async def go() -> None:
        with both() as ends:
            worker = ends.worker()
            pool = await opened(ends, worker, in_flight=3)
            needs = [need() for _ in range(5)]
            tasks = asked(pool, *needs)
            await asyncio.sleep(0)
            assert pool.waiting == 3
            await settle(worker)
            assert await asyncio.gather(*tasks) == [verdict(one) for one in needs]
            assert pool.counts == PoolCounts(verdicts=3, inline=2)
            pool.close()

    asyncio.run(go())


def test_no_room_in_the_ring() -> None:
    """A job that is too large for one verifier's ring goes to the next, and then is verified here."""

    async def go() -> None:
        with both(2) as ends:
            workers = [ends.worker(0), ends.worker(1)]
            pool = await opened(ends, *workers)
            one = need(size=100_000)
            assert await pool.verify(one, LONG) == verdict(one)
            assert pool.counts == PoolCounts(inline=1, overflows=2)
            pool.close()

    asyncio.run(go())


def test_inline_is_awaited() -> None:
    """What verifies here is the caller's to choose."""

    async def refuse(_: Verify) -> Verdict:
        raise RuntimeError("chosen")

    async def go(inline: Callable[[Verify], Awaitable[Verdict]]) -> None:
        with both() as ends:
            await ends.pool(1, inline).verify(need(), LONG)

    with pytest.raises(RuntimeError, match="chosen"):
        asyncio.run(go(refuse))
