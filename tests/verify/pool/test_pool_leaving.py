"""A verifier that leaves: it answers what it was handed, gets nothing more, and one may come in its place."""

import asyncio
import threading

from verify.pool.ends import asked, both, need, opened, settle, verdict

from sidecar.verify.pool.counts import PoolCounts
from sidecar.verify.pool.pool import Pool
from sidecar.verify.pool.worker import Worker


def _drained(worker: Worker) -> "asyncio.Task[None]":
    return asyncio.create_task(asyncio.to_thread(worker.drain, lambda: None))


async def _left(pool: Pool, worker: Worker) -> None:
    """Have a worker leave whose jobs are all answered."""
    await _drained(worker)
    await settle()
    assert pool.counts.lost == 0


def test_what_it_was_handed_is_answered() -> None:
    """Jobs in its ring are answered by it, none is taken back; the next ones go to the other one alone."""

    async def go() -> None:
        with both(2) as ends:
            leaves, stays = ends.worker(0), ends.worker(1)
            pool = await opened(ends, leaves, stays)
            needs = [need(good=number % 2 == 0) for number in range(8)]
            tasks = asked(pool, *needs)
            await asyncio.sleep(0)
            await _left(pool, leaves)
            assert leaves.counts.verdicts == 4
            later = [need() for _ in range(6)]
            tasks += asked(pool, *later)
            await settle(stays)
            await settle(stays)
            found = await asyncio.gather(*tasks)
            good = [number % 2 == 0 for number in range(8)] + [True] * 6
            assert found == [verdict(one, valid=valid) for one, valid in zip(needs + later, good, strict=True)]
            assert (leaves.counts.verdicts, stays.counts.verdicts) == (4, 10)
            assert pool.counts == PoolCounts(verdicts=14)
            pool.close()

    asyncio.run(go())


def test_room_is_that_of_those_that_are_there() -> None:
    """As many jobs may wait as those that are there have room for; with nobody there it is no pool."""

    async def go() -> None:
        with both(3) as ends:
            workers = [ends.worker(number) for number in range(3)]
            pool = await opened(ends, *workers, in_flight=9)
            assert pool.capacity == 9
            for left, room in ((2, 6), (0, 3), (1, 0)):
                await _left(pool, workers[left])
                assert pool.capacity == room
            one = need()
            assert await pool.verify(one, 10.0) == verdict(one)
            assert pool.counts == PoolCounts(inline=1)
            pool.close()

    asyncio.run(go())


def test_one_may_come_in_its_place() -> None:
    """A new one gets jobs as soon as it is there, and none is lost by its coming."""

    async def go() -> None:
        with both(2) as ends:
            first, second = ends.worker(0), ends.worker(1)
            pool = await opened(ends, first, second)
            for _ in range(3):
                await _left(pool, first)
                first = ends.worker(0)
                await settle(first, second)
                assert pool.capacity == 64
                needs = [need() for _ in range(6)]
                tasks = asked(pool, *needs)
                await settle(first, second)
                assert await asyncio.gather(*tasks) == [verdict(one) for one in needs]
                assert first.counts.verdicts == 3
            assert pool.counts == PoolCounts(verdicts=18)
            pool.close()

    asyncio.run(go())


def test_one_that_is_killed_while_it_leaves_loses_no_need() -> None:
    """What it had is verified elsewhere when its time is over, or when somebody is there in its place."""

    async def go() -> None:
        with both(2) as ends:
            leaves, stays = ends.worker(0), ends.worker(1)
            pool = await opened(ends, leaves, stays)
            needs = [need() for _ in range(6)]
            tasks = asked(pool, *needs)
            await asyncio.sleep(0)
            for server in leaves._servers:
                server.jobs.leave()
                server.wake_up.wake()
            await settle(stays)  # and that was its last word
            successor = ends.worker(0)
            await settle(successor, stays)
            await settle(successor, stays)
            assert await asyncio.gather(*tasks) == [verdict(one) for one in needs]
            assert pool.counts == PoolCounts(verdicts=6, lost=3)
            pool.close()

    asyncio.run(go())


def test_a_server_that_hangs_is_not_waited_for_for_ever() -> None:
    """Where nobody looks at the rings any more the verifier goes when it is told to."""

    async def go() -> None:
        with both() as ends:
            worker = ends.worker()
            pool = await opened(ends, worker)
            over = threading.Event()
            task = asyncio.create_task(asyncio.to_thread(worker.drain, lambda: None, over.is_set))
            pool.close()
            await asyncio.sleep(0)
            assert not task.done()
            over.set()
            await task

    asyncio.run(go())
