"""The pool's promises to whoever mints: all signatures, in order and of the right key, however many."""

import asyncio
import math

import pytest
from tokens.keyfiles import minting
from tokens.pool.ends import ask, assert_good, both, done, inputs, opened, soon

from sidecar.core.algorithm import ASYMMETRIC, Algorithm
from sidecar.tokens.minting_key import MintingKeys
from sidecar.tokens.pool.codec import MAX_INPUT_BYTES
from sidecar.tokens.pool.counts import SigningCounts
from sidecar.tokens.pool.errors import SigningUnavailableError

KEY = minting().public


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
@pytest.mark.parametrize("number", [0, 1, 2, 9, 40])
def test_signatures(algorithm: Algorithm, number: int) -> None:
    """Each input gets its own signature, in order, by the workers, whatever the algorithm and however many."""

    async def go() -> None:
        with both(2) as ends:
            keys = MintingKeys(minting(algorithm))
            workers = [ends.worker(0, keys), ends.worker(1, keys)]
            async with opened(ends, *workers) as pool:
                key, asked = await pool.signing_key(soon()), inputs(number)
                assert key == keys.current.public
                assert_good(key, asked, await done(ask(pool, key, asked), *workers))
                assert pool.waiting == 0
                if number > 1:
                    assert all(worker.counts.verdicts > 1 for worker in workers)  # beside telling their keys

    asyncio.run(go())


def test_more_than_may_wait() -> None:
    """However many there are, no more jobs than allowed are under way; the others wait for room, and are signed."""

    async def go() -> None:
        with both() as ends:
            worker = ends.worker()
            async with opened(ends, worker, in_flight=3) as pool:
                several = [inputs(50) for _ in range(3)]
                tasks = [ask(pool, KEY, asked) for asked in several]
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                assert pool.waiting == 3
                for task, asked in zip(tasks, several, strict=True):
                    assert_good(KEY, asked, await done(task, worker))
                assert pool.counts == SigningCounts(signed=3 * 7)

    asyncio.run(go())


def test_many_answers_at_once() -> None:
    """However many answers are there when this process looks, all are taken."""

    async def go() -> None:
        with both(in_flight=100, job_bytes=4200) as ends:
            worker = ends.worker()
            async with opened(ends, worker, in_flight=100) as pool:
                asked = inputs(100, size=4050)  # each a job of its own
                task = ask(pool, KEY, asked)
                while pool.waiting < 100:  # noqa: ASYNC110 - until all are sent
                    await asyncio.sleep(0)
                while worker.turn() == 0.0:
                    pass
                assert_good(KEY, asked, await done(task, worker))
                assert pool.counts == SigningCounts(signed=100)

    asyncio.run(go())


def test_no_room_to_wait() -> None:
    """Who finds no room within the deadline is told so."""

    async def go() -> None:
        with both() as ends:
            worker = ends.worker()
            async with opened(ends, worker, in_flight=1) as pool:
                first = ask(pool, KEY, inputs(1))
                await asyncio.sleep(0)
                with pytest.raises(SigningUnavailableError, match="1 jobs are waiting already"):
                    await pool.sign_many(KEY, inputs(1), soon(0.02))
                await done(first, worker)

    asyncio.run(go())


def test_full_ring() -> None:
    """Jobs that a ring has no room for yet are sent once there is."""

    async def go() -> None:
        with both(in_flight=1, job_bytes=64) as ends:
            worker = ends.worker()
            async with opened(ends, worker) as pool:
                asked = inputs(12, size=5000)
                assert_good(KEY, asked, await done(ask(pool, KEY, asked), worker))
                assert pool.counts.overflows > 0
                assert pool.counts.signed == 12

    asyncio.run(go())


@pytest.mark.parametrize("seconds", [0.0, -1.0, math.nan])
def test_no_time(seconds: float) -> None:
    """Without time nothing is signed."""

    async def go() -> None:
        with both() as ends:
            async with opened(ends, ends.worker()) as pool:
                with pytest.raises(SigningUnavailableError, match="nothing was signed in time"):
                    await pool.sign_many(KEY, inputs(9), soon(seconds))
                assert pool.waiting == 0

    asyncio.run(go())


def test_too_large() -> None:
    """An input that no job has room for is refused before anything is signed."""

    async def go() -> None:
        with both() as ends:
            worker = ends.worker()
            async with opened(ends, worker) as pool:
                asked = inputs(1, MAX_INPUT_BYTES)
                assert_good(KEY, asked, await done(ask(pool, KEY, asked), worker))
                with pytest.raises(ValueError, match="at the most"):
                    await pool.sign_many(KEY, [*inputs(3), b"a" * (MAX_INPUT_BYTES + 1)], soon())
                assert pool.counts.signed == 1

    asyncio.run(go())
