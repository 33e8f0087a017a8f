"""A signing pool and its workers, in one process: the two ends wired back to back."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol, TypeVar

from tokens.keyfiles import minting

from sidecar.keys.jwk import verification_key
from sidecar.memory import segment
from sidecar.memory.ring import Consumer, Producer
from sidecar.tokens.minting_key import MintingKeys
from sidecar.tokens.pool.pool import SigningPool
from sidecar.tokens.pool.rings import SigningRings
from sidecar.tokens.pool.worker import SigningWorker
from sidecar.tokens.public import PublicKey
from sidecar.verify.pool import wake_up
from sidecar.verify.pool.verifiers import Verifier
from sidecar.verify.pool.worker import Server
from sidecar.verify.signature import verify

SEED = 0x5EED_5EED_5EED_5EED
#: Seconds that never pass in a test that goes right.
LONG = 30.0
Got_co = TypeVar("Got_co", covariant=True)


class Ending(Protocol[Got_co]):
    """A task, or a future."""

    def done(self) -> bool:
        """Say whether it has ended."""

    def result(self) -> Got_co:
        """Return what came of it."""


def soon(seconds: float = LONG) -> float:
    """Return a deadline."""
    return monotonic() + seconds


def inputs(number: int, size: int = 200) -> list[bytes]:
    """Return different signing inputs."""
    return [secrets.token_hex(size // 2).encode() for _ in range(number)]


def assert_good(key: PublicKey, asked: Sequence[bytes], signatures: Sequence[bytes]) -> None:
    """See that each input has its own signature."""
    public = verification_key(key.jwk)
    assert len(asked) == len(signatures)
    assert all(verify(key.algorithm, public, *pair) for pair in zip(asked, signatures, strict=True))


@dataclass
class Both:
    """One asker and some workers: ends, and the memory and wake-ups between them."""

    plan: SigningRings
    shared: segment.Segment
    asker_wake_up: wake_up.WakeUp
    wake_ups: list[wake_up.WakeUp]
    reports: list[str] = field(default_factory=list)

    def pool(self, in_flight: int = 32) -> SigningPool:
        """Return the pool of a new asker."""
        memory = self.shared.memory
        workers = [
            Verifier(
                Producer(memory, self.plan.jobs(0, number), SEED),
                Consumer(memory, self.plan.answers(0, number), SEED),
                self.wake_ups[number],
            )
            for number in range(self.plan.workers)
        ]
        return SigningPool(workers, self.asker_wake_up, in_flight)

    def worker(
        self, number: int = 0, keys: MintingKeys | None = None, clock: Callable[[], float] = monotonic
    ) -> SigningWorker:
        """Return the worker of a new process, which has told the asker of itself."""
        jobs = Consumer(self.shared.memory, self.plan.jobs(0, number), SEED)
        answers = Producer(self.shared.memory, self.plan.answers(0, number), SEED)
        self.asker_wake_up.wake()
        ends = [Server(jobs, answers, self.asker_wake_up)]
        return SigningWorker(keys or MintingKeys(minting()), ends, self.wake_ups[number], self.reports.append, clock)


@contextmanager
def both(workers: int = 1, in_flight: int = 32, job_bytes: int = 1024) -> Iterator[Both]:
    """Give the memory and the wake-ups."""
    plan = SigningRings(1, workers, in_flight, job_bytes)
    with ExitStack() as stack:
        shared = stack.enter_context(segment.create(segment.pages(plan.size)))
        wakes = [stack.enter_context(wake_up.create()) for _ in range(workers + 1)]
        yield Both(plan, shared, wakes[0], wakes[1:])


@asynccontextmanager
async def opened(ends: Both, *workers: SigningWorker, in_flight: int = 32) -> AsyncIterator[SigningPool]:
    """Give a pool that has met its workers and knows their keys."""
    pool = ends.pool(in_flight)
    pool.open()
    try:
        await settle(*workers)
        yield pool
    finally:
        pool.close()


async def settle(*workers: SigningWorker) -> None:
    """Give all workers and the loop some turns: enough for whatever one of them has to tell the other."""
    for _ in range(6):
        for worker in workers:
            while worker.turn() == 0.0:
                pass
        for _ in range(4):
            await asyncio.sleep(0)


async def done(task: Ending[Got_co], *workers: SigningWorker) -> Got_co:
    """Give them turns until the task is done, and return what came of it."""
    while not task.done():
        await settle(*workers)
        await asyncio.sleep(0.001)
    return task.result()


def ask(
    pool: SigningPool, key: PublicKey, asked: Sequence[bytes], seconds: float = LONG
) -> "asyncio.Task[list[bytes]]":
    """Have some signed."""
    return asyncio.ensure_future(pool.sign_many(key, asked, soon(seconds)))
