"""Workers that hang, are lost or never come, askers and callers that go away: signed in time, or a clear error."""

import asyncio

import pytest
from tokens.keyfiles import minting
from tokens.pool.ends import LONG, ask, assert_good, both, done, inputs, opened, settle, soon

from sidecar.tokens.pool.counts import SigningCounts
from sidecar.tokens.pool.errors import SigningUnavailableError

KEY = minting().public


@pytest.mark.parametrize("workers", [1, 2])
def test_nobody_answers(workers: int) -> None:
    """Where no worker answers in time there is an error, and what they sign later is nobody's."""

    async def go() -> None:
        with both(workers) as ends:
            hanging = [ends.worker(number) for number in range(workers)]
            async with opened(ends, *hanging) as pool:
                with pytest.raises(SigningUnavailableError, match=f"of {workers} minting workers {workers} take jobs"):
                    await pool.sign_many(KEY, inputs(1), soon(0.05))
                assert pool.counts.timeouts >= workers
                await settle(*hanging)
                assert sum(worker.counts.late for worker in hanging) == pool.counts.timeouts
                assert (pool.counts.signed, pool.waiting) == (0, 0)

    asyncio.run(go())


def test_nobody_there() -> None:
    """Without a worker that told its keys there is no key, and the error says where to look."""

    async def go() -> None:
        with both(2) as ends:
            pool = ends.pool()
            with pytest.raises(SigningUnavailableError, match="the pool is not open"):
                await pool.signing_key(soon())
            with pytest.raises(SigningUnavailableError, match="the pool is not open"):
                await pool.sign_many(KEY, inputs(1), soon())
            pool.open()
            for asking in (pool.signing_key, pool.public_keys):
                with pytest.raises(
                    SigningUnavailableError, match=r"none has told its keys; of 2 minting workers 0 .* logs"
                ):
                    await asking(soon(0.02))
            pool.close()

    asyncio.run(go())


def test_worker_that_comes_late() -> None:
    """Who asks before there is a worker gets signatures once there is one."""

    async def go() -> None:
        with both() as ends:
            async with opened(ends) as pool:
                asked = inputs(20)
                task = ask(pool, KEY, asked)
                await asyncio.sleep(0)
                worker = ends.worker()
                assert_good(KEY, asked, await done(task, worker))

    asyncio.run(go())


def test_closed_while_waiting() -> None:
    """What waits when the pool is closed ends with an error."""

    async def go() -> None:
        with both() as ends:
            pool = ends.pool(in_flight=1)
            pool.open()
            await settle(ends.worker())
            tasks = [ask(pool, KEY, inputs(20)) for _ in range(3)]
            await asyncio.sleep(0)
            pool.close()
            for task in tasks:
                with pytest.raises(SigningUnavailableError, match="the pool is not open"):
                    await task
            assert pool.waiting == 0

    asyncio.run(go())


@pytest.mark.parametrize("announced", [True, False])
def test_lost_worker(announced: bool) -> None:  # noqa: FBT001 - generated
    """Jobs of a worker that was lost are signed by another one, or by who takes its place; none is lost."""

    async def go() -> None:
        with both(2) as ends:
            lost, other = ends.worker(0), ends.worker(1)
            async with opened(ends, lost, other) as pool:
                asked = inputs(64)
                task = ask(pool, KEY, asked)
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                lost.turn()
                if announced:
                    pool.worker_lost(0)
                    assert_good(KEY, asked, await done(task, other))
                else:
                    assert_good(KEY, asked, await done(task, ends.worker(0), other))
                assert pool.counts.lost > 0
                assert pool.counts.timeouts == 0

    asyncio.run(go())


def test_all_workers_lost() -> None:
    """Where all are lost, jobs wait for who takes their place, and in vain no longer than until the deadline."""

    async def go() -> None:
        with both(2) as ends:
            async with opened(ends, ends.worker(0), ends.worker(1)) as pool:
                asked = inputs(30)
                task, hopeless = ask(pool, KEY, asked), ask(pool, KEY, inputs(3), seconds=0.05)
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                pool.worker_lost(0)
                pool.worker_lost(1)
                with pytest.raises(SigningUnavailableError, match="of 2 minting workers 0 take jobs"):
                    await hopeless
                assert_good(KEY, asked, await done(task, ends.worker(1)))

    asyncio.run(go())


def test_hanging_worker() -> None:
    """A worker that hangs has half of the time, and the other one signs in the rest."""

    async def go() -> None:
        with both(2) as ends:
            hanging, working = ends.worker(0), ends.worker(1)
            async with opened(ends, hanging, working) as pool:
                asked = inputs(4)
                assert_good(KEY, asked, await done(ask(pool, KEY, asked, seconds=2.0), working))
                assert pool.counts.timeouts > 0

    asyncio.run(go())


def test_caller_goes_away() -> None:
    """What nobody waits for any more is forgotten, and its signatures go astray."""

    async def go() -> None:
        with both() as ends:
            worker = ends.worker()
            async with opened(ends, worker, in_flight=2) as pool:
                task = ask(pool, KEY, inputs(40))
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert pool.waiting == 0
                await settle(worker)
                assert pool.counts == SigningCounts(astray=2)
                asked = inputs(20)
                assert_good(KEY, asked, await done(ask(pool, KEY, asked), worker))  # there is room again

    asyncio.run(go())


def test_new_asker() -> None:
    """A new asker meets workers that live on, and gets nothing of what the old one asked."""

    async def go() -> None:
        with both() as ends:
            worker = ends.worker()
            async with opened(ends, worker) as old:
                left = ask(old, KEY, inputs(16), LONG)
                await asyncio.sleep(0)
                await asyncio.sleep(0)
            with pytest.raises(SigningUnavailableError):
                await left
            async with opened(ends, worker) as new:
                asked = inputs(16)
                assert_good(KEY, asked, await done(ask(new, KEY, asked), worker))
                assert new.counts == SigningCounts(signed=2)

    asyncio.run(go())
