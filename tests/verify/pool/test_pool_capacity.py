"""What a pool says of itself to whoever decides where a miss goes: one that is dead, or swamped, is seen to be."""

import asyncio

from verify.pool.ends import asked, both, need, opened, settle

from sidecar.core.needs import Verdict, Verify
from sidecar.verify.pool.pool import Pool
from sidecar.verify.routing import Costs, Limits, Load, Route, route

_LIMITS = Limits(batch_size_threshold=4)


def way(pool: Pool, *, here: int = 100) -> Route:
    """Return where a miss goes in a server that is late, where so many wait to be verified in it."""
    return route(Load(here + 1, 1.0, pool.waiting, pool.capacity, here, 0.01), _LIMITS, Costs())


def test_pool_with_nobody_in_it_is_none() -> None:
    """Before its verifiers have answered, and once it is closed, a pool takes nothing: a crowd is shed."""

    async def go() -> None:
        with both(2) as ends:
            pool = ends.pool(8)
            assert (pool.capacity, way(pool)) == (0, Route.SHED)
            pool.open()
            await asyncio.sleep(0)
            assert (pool.capacity, way(pool), way(pool, here=0)) == (0, Route.SHED, Route.INLINE)
            await settle(ends.worker(1))
            assert (pool.capacity, way(pool, here=3)) == (4, Route.POOL)
            pool.close()
            assert (pool.capacity, way(pool)) == (0, Route.SHED)

    asyncio.run(go())


def test_lost_verifier_takes_none_until_it_answers() -> None:
    """With its only verifier lost a pool is none; whoever takes its place is woken up, and then it is one again."""

    async def go() -> None:
        with both() as ends:
            pool = await opened(ends, ends.worker())
            assert pool.capacity == 64
            pool.verifier_lost(0)
            assert pool.capacity == 0
            await settle(ends.worker())
            assert pool.capacity == 64
            pool.close()

    asyncio.run(go())


def test_what_came_back_counts() -> None:
    """Needs that a dead verifier never answered, and that wait to be verified here, fill the pool: it gets no more."""

    async def go() -> None:
        release = asyncio.Event()

        async def slow(one: Verify) -> Verdict:
            await release.wait()
            return Verdict(one.token_digest, one.trust_digest, valid=True)

        with both() as ends:
            pool = ends.pool(4, slow)
            pool.open()
            await settle(ends.worker())  # and never again: it was killed
            tasks = asked(pool, *(need() for _ in range(4)), timeout=0.01)
            while pool.counts.inline < 4:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0)
            assert (pool.waiting, pool.capacity) == (0, 4)
            assert way(pool, here=pool._turns.waiting) is not Route.POOL
            release.set()
            assert all(one.valid for one in await asyncio.gather(*tasks))
            assert way(pool, here=pool._turns.waiting) is Route.POOL
            pool.close()

    asyncio.run(go())
