"""No answer is ever taken for another token's: late, replayed, exchanged or made up."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokens.keyfiles import minting
from tokens.pool.ends import ask, assert_good, both, done, inputs, opened, settle

from sidecar.core.algorithm import Algorithm
from sidecar.tokens.minting_key import MintingKeys
from sidecar.tokens.pool import codec
from sidecar.tokens.pool.codec import SignJob, Status
from sidecar.tokens.pool.errors import SigningUnavailableError
from sidecar.tokens.pool.worker import SigningWorker
from support.altered import altered

KEY = minting()
OTHER = minting(Algorithm.EDDSA, "other", "other")


def _answer(job: SignJob, **changes: object) -> bytes:
    """Return the answer to a job like this one, but for what is changed."""
    one = replace(job, **changes)  # type: ignore[arg-type]
    return codec.write_answer(one, Status.SIGNED, [KEY.sign(each) for each in one.inputs])


FORGERIES: dict[str, Callable[[SignJob], bytes]] = {
    "another nonce": lambda job: _answer(job, nonce=altered(job.nonce, 15)),
    "another start's nonce": lambda job: _answer(job, nonce=altered(job.nonce, 0)),
    "another key, first byte": lambda job: _answer(job, thumbprint=altered(job.thumbprint, 0)),
    "another key, last byte": lambda job: _answer(job, thumbprint=altered(job.thumbprint, 31)),
    "another key": lambda job: _answer(job, thumbprint=OTHER.public.thumbprint),
    "another input": lambda job: _answer(job, inputs=(*job.inputs[1:], b"other")),
    "another order": lambda job: _answer(job, inputs=job.inputs[::-1]),
    "fewer inputs": lambda job: _answer(job, inputs=job.inputs[1:]),
    "another cut": lambda job: _answer(job, inputs=(job.inputs[0] + job.inputs[1], *job.inputs[2:])),
    "fewer signatures": lambda job: codec.write_answer(job, Status.SIGNED, [KEY.sign(job.inputs[0])]),
    "key set": lambda job: codec.write_keys(codec.AskJob(job.nonce, 1.0), MintingKeys(OTHER).public),
    "refused, of another key": lambda job: codec.write_answer(replace(job, thumbprint=bytes(32)), Status.REFUSED),
    "the job itself": codec.write_sign,
    "nothing": lambda _: b"",
}


@pytest.mark.parametrize("how", FORGERIES)
def test_answer_to_something_else(how: str) -> None:
    """An answer whose nonce, key or digest is not, in full, the job's is not believed; the right one then is, once."""

    async def go() -> None:
        with both() as ends:
            worker = ends.worker()
            async with opened(ends, worker) as pool:
                asked = inputs(8)
                task = ask(pool, KEY.public, asked)
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                (server,) = worker._servers
                (record,) = server.jobs.drain(9)
                job = codec.read_job(record)
                assert isinstance(job, SignJob)
                assert server.verdicts.push(FORGERIES[how](job))
                server.wake_up.wake()
                await settle()
                assert not task.done()
                assert pool.counts.astray + pool.counts.unbelieved == 1
                for _ in range(2):
                    assert server.verdicts.push(_answer(job))
                server.wake_up.wake()
                assert_good(KEY.public, asked, await done(task))
                assert pool.counts.signed == 1
                assert pool.counts.astray + pool.counts.unbelieved == 2  # the second one nobody waits for

    asyncio.run(go())


def test_answer_of_another_worker() -> None:
    """Not even the right answer is believed of a worker that was not asked."""

    async def go() -> None:
        with both(2) as ends:
            workers = [ends.worker(0), ends.worker(1)]
            async with opened(ends, *workers) as pool:
                asked = inputs(1)
                task = ask(pool, KEY.public, asked)
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                records = [worker._servers[0].jobs.drain(9) for worker in workers]
                (job,) = [codec.read_job(record) for each in records for record in each]
                assert isinstance(job, SignJob)
                wrong = workers[0 if records[1] else 1]._servers[0]
                assert wrong.verdicts.push(_answer(job))
                wrong.wake_up.wake()
                await settle()
                assert (task.done(), pool.counts.unbelieved) == (False, 1)
                task.cancel()

    asyncio.run(go())


def test_recorded_memory() -> None:
    """The whole shared memory, recorded when answers were in it and put back later, yields none of them again."""

    async def go() -> None:
        with both() as ends:
            worker = ends.worker()
            async with opened(ends, worker) as pool:
                first, second = inputs(8), inputs(8)
                task = ask(pool, KEY.public, first)
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                worker.turn()
                recorded = ends.shared.memory[:]  # jobs and their answers, not taken yet
                assert_good(KEY.public, first, await done(task, worker))
                before = replace(pool.counts)
                for _ in range(3):
                    task = ask(pool, KEY.public, second)
                    await asyncio.sleep(0)
                    ends.shared.memory[:] = recorded
                    ends.asker_wake_up.wake()
                    assert_good(KEY.public, second, await done(task, worker))
                assert (pool.counts.unbelieved, pool.counts.signed) == (0, before.signed + 3)

    asyncio.run(go())


def test_recorded_before_a_restart() -> None:
    """Neither a new asker nor a new worker takes anything that was recorded before it came."""

    async def go() -> None:
        with both() as ends:
            worker = ends.worker()
            async with opened(ends, worker) as old:
                task = ask(old, KEY.public, inputs(8))
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                worker.turn()
                recorded = ends.shared.memory[:]
                await done(task, worker)
            async with opened(ends, worker) as new:
                ends.shared.memory[:] = recorded
                ends.asker_wake_up.wake()
                asked = inputs(8)
                assert_good(KEY.public, asked, await done(ask(new, KEY.public, asked), worker))
                successor = ends.worker()
                ends.shared.memory[:] = recorded
                assert_good(KEY.public, asked, await done(ask(new, KEY.public, asked), successor))
                assert new.counts.unbelieved == 0
                # What it verifies comes of this asker alone: two jobs and two questions at the most.
                assert successor.counts.jobs <= 4

    asyncio.run(go())


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 2**32), st.binary(min_size=1, max_size=64)), min_size=1, max_size=30))
def test_memory_written_over(stains: list[tuple[int, bytes]]) -> None:
    """Whatever is written into the memory at work, no input gets a signature that is not its own; then all goes on."""

    async def go() -> None:
        with both() as ends:
            worker = ends.worker()
            async with opened(ends, worker) as pool:
                asked, memory = inputs(24), ends.shared.memory
                task = ask(pool, KEY.public, asked, seconds=0.2)
                for place, stain in stains:
                    await asyncio.sleep(0)
                    worker.turn()
                    start = place % (len(memory) - len(stain))
                    memory[start : start + len(stain)] = stain
                await _good_or_none(task, asked, worker)
                left = iter(range(50))
                while not await _good_or_none(ask(pool, KEY.public, asked, seconds=0.2), asked, worker):
                    assert next(left, None) is not None

    asyncio.run(go())


async def _good_or_none(task: "asyncio.Task[list[bytes]]", asked: list[bytes], worker: SigningWorker) -> bool:
    """See that signatures are good where there are any, and say whether there are."""
    try:
        signatures = await done(task, worker)
    except SigningUnavailableError:
        return False
    assert_good(KEY.public, asked, signatures)
    return True
