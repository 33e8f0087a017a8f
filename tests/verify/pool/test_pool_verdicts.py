"""Verdicts that come from verifiers: the right one on every need, and no other is believed."""

import asyncio
from dataclasses import replace

import pytest
from verify.pool.ends import asked, both, need, opened, settle, verdict

from sidecar.core.algorithm import ASYMMETRIC, Algorithm
from sidecar.verify.pool.counts import PoolCounts


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_verdicts(algorithm: Algorithm) -> None:
    """Each need gets the verdict on it, from the verifier, good or bad."""

    async def go() -> None:
        with both() as ends:
            worker = ends.worker()
            pool = await opened(ends, worker)
            needs = [need(good=turn % 3 != 0, algorithm=algorithm) for turn in range(7)]
            tasks = asked(pool, *needs)
            await settle(worker)
            expected = [verdict(one, valid=turn % 3 != 0) for turn, one in enumerate(needs)]
            assert await asyncio.gather(*tasks) == expected
            assert pool.counts == PoolCounts(verdicts=7)
            assert (pool.waiting, worker.counts.verdicts) == (0, 7)
            pool.close()

    asyncio.run(go())


def test_one_wake_up_a_tick() -> None:
    """Jobs that are sent in one tick of the loop wake a verifier once, and others not at all."""

    async def go() -> None:
        with both(2) as ends:
            workers = [ends.worker(0), ends.worker(1)]
            pool = await opened(ends, *workers)
            wakes: list[int] = []
            for number, verifier in enumerate(pool._verifiers):
                verifier.wake_up = _Noting(wakes, number)  # type: ignore[assignment]
            tasks = asked(pool, *(need() for _ in range(10)))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert sorted(wakes) == [0, 1]
            assert [verifier.waiting for verifier in pool._verifiers] == [5, 5]
            await settle(*workers)
            assert all(one.valid for one in await asyncio.gather(*tasks))
            tasks = asked(pool, need())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert len(wakes) == 3
            pool.close()
            await asyncio.gather(*tasks)

    asyncio.run(go())


class _Noting:
    def __init__(self, wakes: list[int], number: int) -> None:
        self._wakes, self._number = wakes, number

    def wake(self) -> None:
        """Note it."""
        self._wakes.append(self._number)


def test_key_of_another_algorithm() -> None:
    """A need whose key is not for its algorithm gets no verdict, but the same error as inline."""

    async def go() -> None:
        with both() as ends:
            worker = ends.worker()
            pool = await opened(ends, worker)
            (task,) = asked(pool, replace(need(), algorithm=Algorithm.ES256), timeout=0.05)
            await settle(worker)
            with pytest.raises(ValueError, match="asked to verify"):
                await task
            assert (worker.counts.refused, len(ends.reports)) == (1, 1)
            pool.close()

    asyncio.run(go())


def test_caller_goes_away() -> None:
    """A need that nobody waits for any more is forgotten, and its verdict goes astray."""

    async def go() -> None:
        with both() as ends:
            worker = ends.worker()
            pool = await opened(ends, worker)
            (task,) = asked(pool, need())
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert (pool.waiting, pool._verifiers[0].waiting) == (0, 0)
            await settle(worker)
            assert pool.counts == PoolCounts(astray=1)
            pool.close()

    asyncio.run(go())


def test_costs_are_measured() -> None:
    """What handing over and verifying here take is told to whoever decides between them."""

    async def go() -> None:
        with both() as ends:
            worker = ends.worker()
            pool = await opened(ends, worker)
            assert (pool._costs.handover, pool._costs.verify.seconds) == (None, None)
            tasks = asked(pool, need())
            await settle(worker)
            await asyncio.gather(*tasks)
            await pool.verify(need(), 0)
            assert pool._costs.handover is not None
            assert pool._costs.handover > 0
            assert pool._costs.verify.seconds
            pool.close()

    asyncio.run(go())
