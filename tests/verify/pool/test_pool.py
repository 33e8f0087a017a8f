"""The pool's promises to a server: the right verdict on every need, whatever becomes of verifiers, rings and time."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from verify.pool.ends import LONG, Both, both, need, settle, verdict

from sidecar.core.algorithm import Algorithm
from sidecar.core.needs import Verdict, Verify
from sidecar.verify.inline import verify_inline
from sidecar.verify.pool import codec
from sidecar.verify.pool.counts import PoolCounts
from sidecar.verify.pool.pool import Pool
from sidecar.verify.pool.worker import Worker


async def opened(ends: Both, *workers: Worker, in_flight: int = 64) -> Pool:
    """Return a pool that has met its verifiers."""
    pool = ends.pool(in_flight)
    pool.open()
    await settle(*workers)
    return pool


def asked(pool: Pool, *needs: Verify, timeout: float = LONG) -> "list[asyncio.Task[Verdict]]":
    """Have several needs verified at once."""
    return [asyncio.ensure_future(pool.verify(one, timeout)) for one in needs]


@pytest.mark.parametrize("algorithm", Algorithm)
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
            assert await pool.verify(one, 0.02) == verdict(one, valid=False)
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


def _other(digest: bytes, place: int) -> bytes:
    return digest[:place] + bytes([digest[place] ^ 1]) + digest[place + 1 :]


FORGERIES: dict[str, Callable[[codec.Job], codec.Job]] = {
    "another nonce": lambda job: job._replace(nonce=_other(job.nonce, 15)),
    "another token, first byte": lambda job: job._replace(token_digest=_other(job.token_digest, 0)),
    "another token, last byte": lambda job: job._replace(token_digest=_other(job.token_digest, 31)),
    "another trust, first byte": lambda job: job._replace(trust_digest=_other(job.trust_digest, 0)),
    "another trust, last byte": lambda job: job._replace(trust_digest=_other(job.trust_digest, 31)),
    "digests exchanged": lambda job: job._replace(token_digest=job.trust_digest, trust_digest=job.token_digest),
}


@pytest.mark.parametrize("how", FORGERIES)
def test_verdict_on_something_else(how: str) -> None:
    """A verdict whose nonce or either digest is not, in full, the need's is not believed; the right one then is."""

    async def go() -> None:
        with both() as ends:
            worker = ends.worker()
            pool = await opened(ends, worker)
            one = need(good=False)
            (task,) = asked(pool, one)
            await asyncio.sleep(0)
            server = worker._servers[0]
            (record,) = server.jobs.drain(1)
            job = codec.read_job(record)
            assert job is not None
            for forged in (codec.write_verdict(FORGERIES[how](job), valid=True), b"", b"noise", record):
                assert server.verdicts.push(forged)
            pool._woken_up()
            await asyncio.sleep(0)
            assert not task.done()
            assert pool.counts.astray + pool.counts.unbelieved == 4
            assert server.verdicts.push(codec.write_verdict(job, valid=False))
            assert server.verdicts.push(codec.write_verdict(job, valid=True))  # a second one comes too late
            pool._woken_up()
            assert await task == verdict(one, valid=False)
            pool.close()

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


def test_inline_is_awaited() -> None:
    """What verifies here is the caller's to choose."""

    async def refuse(_: Verify) -> Verdict:
        raise RuntimeError("chosen")

    async def go(inline: Callable[[Verify], Awaitable[Verdict]]) -> None:
        with both() as ends:
            await ends.pool(1, inline).verify(need(), LONG)

    with pytest.raises(RuntimeError, match="chosen"):
        asyncio.run(go(refuse))
