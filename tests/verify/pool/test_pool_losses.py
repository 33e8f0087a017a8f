"""Verifiers and servers that are killed, replaced or hang: no need is lost."""

import asyncio

from verify.pool.ends import asked, both, need, opened, settle, verdict

from sidecar.core.needs import Verdict, Verify
from sidecar.memory.ring_layout import LINE, RECORDS
from sidecar.verify.inline import verify_inline
from sidecar.verify.pool.counts import PoolCounts


def test_lost_verifier() -> None:
    """Jobs of a verifier that was lost go to another one, and it gets none until another takes its place."""

    async def go() -> None:
        with both(2) as ends:
            workers = [ends.worker(0), ends.worker(1)]
            pool = await opened(ends, *workers)
            needs = [need() for _ in range(6)]
            tasks = asked(pool, *needs)
            await asyncio.sleep(0)
            pool.verifier_lost(0)
            await settle(workers[1])
            assert await asyncio.gather(*tasks) == [verdict(one) for one in needs]
            assert pool.counts == PoolCounts(verdicts=6, lost=3)
            tasks = asked(pool, *needs)
            await settle(workers[1])
            assert workers[1].counts.verdicts == 12
            successor = ends.worker(0)
            await settle(successor)
            tasks += asked(pool, *needs)
            await settle(successor, workers[1])
            await asyncio.gather(*tasks)
            assert successor.counts.verdicts == 3
            pool.close()

    asyncio.run(go())


def test_all_verifiers_lost() -> None:
    """Where all are lost, all is verified here, one in a tick of the loop."""

    async def go() -> None:
        with both(2) as ends:
            workers, ticks = [ends.worker(0), ends.worker(1)], list[int]()
            tick = 0

            async def inline(one: Verify) -> Verdict:
                ticks.append(tick)
                return await verify_inline(one)

            pool = ends.pool(64, inline)
            pool.open()
            await settle(*workers)
            tasks = asked(pool, *(need() for _ in range(8)))
            await asyncio.sleep(0)
            pool.verifier_lost(0)
            pool.verifier_lost(1)
            while not all(task.done() for task in tasks):
                tick += 1
                await asyncio.sleep(0)
            assert len(set(ticks)) == len(ticks) == 8
            assert pool.counts == PoolCounts(inline=8, lost=8)
            pool.close()

    asyncio.run(go())


def test_verifier_replaced_unannounced() -> None:
    """A verifier whose place was taken before anybody said so is noticed, and its jobs are verified elsewhere."""

    async def go() -> None:
        with both() as ends:
            pool = await opened(ends, ends.worker())
            needs = [need() for _ in range(3)]
            tasks = asked(pool, *needs)
            await asyncio.sleep(0)
            successor = ends.worker()
            await settle(successor)
            assert await asyncio.gather(*tasks) == [verdict(one) for one in needs]
            assert (pool.counts.lost, pool.counts.timeouts, pool.waiting) == (3, 0, 0)
            tasks = asked(pool, *needs)
            await settle(successor)
            await asyncio.gather(*tasks)
            assert successor.counts.verdicts == 3
            pool.close()

    asyncio.run(go())


def test_server_replaced() -> None:
    """A new server meets a verifier that lives on, and gets no verdict on what the old one asked."""

    async def go() -> None:
        with both() as ends:
            worker = ends.worker()
            old = await opened(ends, worker)
            tasks = asked(old, need(), need())
            await asyncio.sleep(0)
            old.close()
            await asyncio.gather(*tasks)
            new = await opened(ends, worker)
            one = need()
            tasks = asked(new, one)
            await settle(worker)
            assert await asyncio.gather(*tasks) == [verdict(one)]
            assert new.counts == PoolCounts(verdicts=1)
            new.close()

    asyncio.run(go())


def test_hanging_verifier() -> None:
    """A verifier that takes no jobs is asked less and less, however many of its jobs have timed out."""

    async def go() -> None:
        with both(2) as ends:
            hanging, working = ends.worker(0), ends.worker(1)
            pool = await opened(ends, hanging, working)
            for _ in range(2):
                tasks = asked(pool, need(), need(), timeout=0.02)
                while not all(task.done() for task in tasks):
                    working.turn()
                    await asyncio.sleep(0.001)
            before = pool._verifiers[0].jobs.backlog
            assert 1 <= before <= 2
            for _ in range(6):
                tasks = asked(pool, need())
                await settle(working)
                await asyncio.gather(*tasks)
            assert pool._verifiers[0].jobs.backlog == before
            pool.close()

    asyncio.run(go())


def test_verdict_that_was_overwritten() -> None:
    """Nobody waits for its deadline: the ring is given up, all its needs are verified elsewhere, and it works again."""

    async def go() -> None:
        with both() as ends:
            worker = ends.worker()
            pool = await opened(ends, worker)
            needs = [need() for _ in range(3)]
            tasks = asked(pool, *needs)
            await asyncio.sleep(0)
            worker.turn()
            first = ends.plan.verdicts(0, 0).offset + RECORDS
            ends.shared.memory[first : first + LINE] = bytes(LINE)
            assert await asyncio.gather(*tasks) == [verdict(one) for one in needs]
            assert (pool.counts.lost, pool.counts.timeouts, pool.counts.unbelieved) == (3, 0, 0)
            await settle(worker)
            tasks = asked(pool, *needs)
            await settle(worker)
            assert await asyncio.gather(*tasks) == [verdict(one) for one in needs]
            assert pool.counts.verdicts == 3
            pool.close()

    asyncio.run(go())
