"""The verifier pool: jobs for it, processes of it, and rounds whose every verdict is looked at."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager

from sidecar.core.algorithm import Algorithm
from sidecar.core.needs import Decided, Verdict, Verify
from sidecar.memory import segment
from sidecar.memory.ring import Consumer, Producer
from sidecar.verify.pool import wake_up
from sidecar.verify.pool.pool import Pool
from sidecar.verify.pool.rings import Rings
from sidecar.verify.pool.verifiers import Verifier
from sidecar.verify.pool.warm_up import warm_up
from sidecar.verify.pool.worker import Server, Worker
from sidecar.verify.routing import Costs
from sidecar.verify.turns import Turns
from suite.given.children import child
from suite.given.trust import a_key

AT_ONCE, INPUT_BYTES, TIMEOUT = 128, 400, 30.0

Verifies = Callable[[Verify], Awaitable[Verdict]]


def needs(number: int) -> list[Verify]:
    """Return different needs; every eighth signature is bad."""
    key, public = a_key()
    made = []
    for turn in range(number):
        signing_input = secrets.token_hex(INPUT_BYTES // 2).encode()
        signature = key.private.sign(signing_input if turn % 8 else b"other")
        digest = secrets.token_bytes(32)
        made.append(Verify(digest, bytes(32), Algorithm.EDDSA, public, signing_input, signature, _never))
    return made


def _never(_: Verdict, __: float) -> Decided:
    """Stand in for the rest of a check, which is not part of this."""
    raise NotImplementedError


async def verify_all(jobs: list[Verify], verifies: Verifies, at_once: int = AT_ONCE) -> None:
    """Have all verified, ``at_once`` at a time as so many connections do."""
    waiting = enumerate(jobs)

    async def caller() -> None:
        for turn, need in waiting:
            verdict = await verifies(need)
            right = Verdict(need.token_digest, need.trust_digest, turn % 8 != 0)
            assert verdict == right, verdict  # noqa: S101 - the answer is part of the measurement

    await asyncio.gather(*(caller() for _ in range(at_once)))


def through(pool: Pool) -> Verifies:
    """Return what has the pool verify."""
    return lambda need: pool.verify(need, TIMEOUT)


async def up(pool: Pool, job: Verify) -> None:
    """Open the pool, and wait until it answers."""
    pool.open()
    while not pool.counts.verdicts:
        await pool.verify(job, TIMEOUT)
        await asyncio.sleep(0.001)


@contextmanager
def verifiers(count: int) -> Iterator[Pool]:
    """Give a pool with so many verifier processes, which end with it."""
    plan, seed = Rings(1, count), secrets.randbits(64)
    with ExitStack() as stack:
        shared = stack.enter_context(segment.create(plan.size + 65536))
        server, *theirs = [stack.enter_context(wake_up.create()) for _ in range(count + 1)]
        for number, mine in enumerate(theirs):
            stack.enter_context(child(_worker(shared, seed, plan, number, (server, mine))))
        ends = [
            Verifier(
                Producer(shared.memory, plan.jobs(0, number), seed),
                Consumer(shared.memory, plan.verdicts(0, number), seed),
                mine,
            )
            for number, mine in enumerate(theirs)
        ]
        costs = Costs()
        yield Pool(ends, server, AT_ONCE * 2, costs, Turns(costs))


def _worker(
    shared: segment.Segment, seed: int, plan: Rings, number: int, wakes: tuple[wake_up.WakeUp, wake_up.WakeUp]
) -> Callable[[int], None]:
    def work(stop_fd: int) -> None:
        warm_up()
        jobs = Consumer(shared.memory, plan.jobs(0, number), seed)
        verdicts = Producer(shared.memory, plan.verdicts(0, number), seed)
        Worker([Server(jobs, verdicts, wakes[0])], wakes[1]).run(lambda: None, stop_fd=stop_fd)

    return work
