"""No verdict is ever taken for another token's: late, replayed after a restart of either side, exchanged or made up."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from verify.pool.ends import Both, asked, both, need, opened, settle, verdict

from sidecar.core.needs import Verdict, Verify
from sidecar.verify.pool import codec
from sidecar.verify.pool.codec import Job
from sidecar.verify.pool.pool import Pool
from sidecar.verify.pool.worker import Worker
from support.altered import altered

FORGERIES: dict[str, Callable[[Job], Job]] = {
    "another number": lambda job: job._replace(nonce=altered(job.nonce, 15)),
    "another start's nonce": lambda job: job._replace(nonce=altered(job.nonce, 0)),
    "another token, first byte": lambda job: job._replace(token_digest=altered(job.token_digest, 0)),
    "another token, last byte": lambda job: job._replace(token_digest=altered(job.token_digest, 31)),
    "another Trust, first byte": lambda job: job._replace(trust_digest=altered(job.trust_digest, 0)),
    "another Trust, last byte": lambda job: job._replace(trust_digest=altered(job.trust_digest, 31)),
    "digests exchanged": lambda job: job._replace(token_digest=job.trust_digest, trust_digest=job.token_digest),
}


@pytest.mark.parametrize("how", FORGERIES)
def test_verdict_on_something_else(how: str) -> None:
    """A verdict whose nonce or digest is not, in full, the job's is not believed, nor noise; the right one is, once."""

    async def go() -> None:
        with both() as ends:
            worker = ends.worker()
            pool = await opened(ends, worker)
            bad = need(good=False)
            (task,) = asked(pool, bad)
            await asyncio.sleep(0)
            (server,) = worker._servers
            (record,) = server.jobs.drain(9)
            job = codec.read_job(record)
            assert job is not None
            _say(worker, codec.write_verdict(FORGERIES[how](job), valid=True), b"", b"noise", record)
            await settle()
            assert not task.done()
            assert pool.counts.astray + pool.counts.unbelieved == 4
            _say(worker, codec.write_verdict(job, valid=False), codec.write_verdict(job, valid=True))
            await settle()
            assert await task == verdict(bad, valid=False)
            assert pool.counts.verdicts == 1
            pool.close()

    asyncio.run(go())


def _say(worker: Worker, *records: bytes) -> None:
    (server,) = worker._servers
    assert all(server.verdicts.push(record) for record in records)
    server.wake_up.wake()


async def _recorded(ends: Both, worker: Worker, pool: Pool) -> bytes:
    """Return the whole memory at a time when it has good tokens' jobs and, not taken yet, the verdicts on them."""
    good = [need() for _ in range(8)]
    tasks = asked(pool, *good)
    await asyncio.sleep(0)
    worker.turn()
    recorded = bytes(ends.shared.memory[:])
    assert await _done(tasks, worker) == [verdict(one) for one in good]
    return recorded


async def _done(tasks: "Sequence[asyncio.Task[Verdict]]", *workers: Worker) -> list[Verdict]:
    while not all(task.done() for task in tasks):
        await settle(*workers)
        await asyncio.sleep(0.001)
    return [task.result() for task in tasks]


async def _refused(ends: Both, recorded: bytes, pool: Pool, worker: Worker) -> None:
    """Put the memory back when as many bad tokens wait: each gets the verdict on itself."""
    bad = [need(good=False) for _ in range(8)]
    tasks = asked(pool, *bad, timeout=0.2)
    await asyncio.sleep(0)
    ends.shared.memory[:] = recorded
    ends.server_wake_up.wake()
    assert await _done(tasks, worker) == [verdict(one, valid=False) for one in bad]


def test_recorded_memory() -> None:
    """The whole shared memory, recorded when verdicts were in it and put back later, yields none of them again."""

    async def go() -> None:
        with both() as ends:
            worker = ends.worker()
            pool = await opened(ends, worker)
            recorded = await _recorded(ends, worker, pool)
            for _ in range(3):
                await _refused(ends, recorded, pool, worker)
            pool.close()

    asyncio.run(go())


def test_recorded_before_the_server_was_replaced() -> None:
    """A new server gets no verdict that the old one waited for, though the verifier lives on."""

    async def go() -> None:
        with both() as ends:
            worker = ends.worker()
            old = await opened(ends, worker)
            recorded = await _recorded(ends, worker, old)
            old.close()
            new = await opened(ends, worker)
            await _refused(ends, recorded, new, worker)
            new.close()

    asyncio.run(go())


def test_recorded_before_the_verifier_was_replaced() -> None:
    """What the verifier's predecessor said is nothing, whether the server has noticed or not."""

    async def go() -> None:
        with both() as ends:
            worker = ends.worker()
            pool = await opened(ends, worker)
            recorded = await _recorded(ends, worker, pool)
            successor = ends.worker()
            await _refused(ends, recorded, pool, successor)
            await settle(successor)
            await _refused(ends, recorded, pool, successor)
            pool.close()

    asyncio.run(go())


def test_verdict_that_comes_after_both_were_replaced() -> None:
    """A verifier that hung while it and its server were replaced finds nobody who believes its verdicts."""

    async def go() -> None:
        with both() as ends:
            hanging = ends.worker()
            old = await opened(ends, hanging)
            tasks = asked(old, *(need() for _ in range(8)))
            await asyncio.sleep(0)
            late = list(hanging._verdicts_on(hanging._servers[0].jobs.drain(32)))
            assert len(late) == 8
            old.close()
            await asyncio.gather(*tasks)
            successor = ends.worker()
            new = await opened(ends, successor)
            bad = [need(good=False) for _ in range(8)]
            tasks = asked(new, *bad, timeout=0.2)
            await asyncio.sleep(0)
            for _, record in late:
                hanging._servers[0].verdicts.push(record)
            ends.server_wake_up.wake()
            assert await _done(tasks, successor) == [verdict(one, valid=False) for one in bad]
            new.close()

    asyncio.run(go())


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 2**32), st.binary(min_size=1, max_size=64)), min_size=1, max_size=30))
def test_memory_written_over(stains: list[tuple[int, bytes]]) -> None:
    """Whatever is written into the memory at work, each token gets the verdict on itself; then all goes on."""

    async def go() -> None:
        with both() as ends:
            worker = ends.worker()
            pool = await opened(ends, worker)
            memory, needs = ends.shared.memory, [need(good=number % 2 == 0) for number in range(24)]
            tasks = asked(pool, *needs, timeout=0.05)
            for place, stain in stains:
                await asyncio.sleep(0)
                worker.turn()
                start = place % (len(memory) - len(stain))
                memory[start : start + len(stain)] = stain
            assert await _done(tasks, worker) == _right(needs)
            before, left = replace(pool.counts), iter(range(50))
            while pool.counts.verdicts == before.verdicts:
                assert next(left, None) is not None
                assert await _done(asked(pool, *needs, timeout=0.05), worker) == _right(needs)
            pool.close()

    asyncio.run(go())


def _right(needs: Sequence[Verify]) -> list[Verdict]:
    return [verdict(one, valid=number % 2 == 0) for number, one in enumerate(needs)]
