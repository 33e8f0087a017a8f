"""A pool and its verifiers, in one process: the two ends wired back to back."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from sidecar.core.algorithm import Algorithm
from sidecar.core.needs import Decided, Verdict, Verify
from sidecar.memory import segment
from sidecar.memory.ring import Consumer, Producer
from sidecar.verify.inline import verify_inline
from sidecar.verify.pool import wake_up
from sidecar.verify.pool.pool import Pool
from sidecar.verify.pool.rings import Rings
from sidecar.verify.pool.verifiers import Verifier
from sidecar.verify.pool.worker import Server, Worker
from sidecar.verify.routing import Costs
from sidecar.verify.turns import Turns
from support.keypairs import pair

SEED = 0x5EED_5EED_5EED_5EED
#: Seconds that never pass in a test that goes right.
LONG = 30.0


def never(_: Verdict, __: float) -> Decided:
    """Stand in for the rest of a check."""
    raise NotImplementedError


def need(*, good: bool = True, algorithm: Algorithm = Algorithm.EDDSA, size: int = 200) -> Verify:
    """Return a need of a token of its own."""
    key, signing_input = pair(algorithm), secrets.token_hex(size // 2).encode()
    signature = key.sign(signing_input if good else signing_input + b"x")
    digests = secrets.token_bytes(32), secrets.token_bytes(32)
    return Verify(*digests, algorithm, key.public, signing_input, signature, never)


def verdict(asked: Verify, *, valid: bool = True) -> Verdict:
    """Return the verdict on a need."""
    return Verdict(asked.token_digest, asked.trust_digest, valid)


@dataclass
class Both:
    """One server and some verifiers: ends, and the memory and wake-ups between them."""

    plan: Rings
    shared: segment.Segment
    server_wake_up: wake_up.WakeUp
    wake_ups: list[wake_up.WakeUp]
    reports: list[str] = field(default_factory=list)

    def pool(self, in_flight: int = 64, inline: Callable[[Verify], Awaitable[Verdict]] = verify_inline) -> Pool:
        """Return the pool of a new server process."""
        verifiers = [
            Verifier(
                Producer(self.shared.memory, self.plan.jobs(0, number), SEED),
                Consumer(self.shared.memory, self.plan.verdicts(0, number), SEED),
                self.wake_ups[number],
            )
            for number in range(self.plan.verifiers)
        ]
        costs = Costs()
        return Pool(verifiers, self.server_wake_up, in_flight, costs, Turns(costs, inline))

    def worker(self, number: int = 0) -> Worker:
        """Return the worker of a new verifier process, which has told the server of itself."""
        jobs = Consumer(self.shared.memory, self.plan.jobs(0, number), SEED)
        verdicts = Producer(self.shared.memory, self.plan.verdicts(0, number), SEED)
        self.server_wake_up.wake()
        return Worker([Server(jobs, verdicts, self.server_wake_up)], self.wake_ups[number], self.reports.append)


@contextmanager
def both(verifiers: int = 1, in_flight: int = 64) -> Iterator[Both]:
    """Give the memory and the wake-ups."""
    plan = Rings(1, verifiers, in_flight, 512)
    with ExitStack() as stack:
        shared = stack.enter_context(segment.create(plan.size + 4096))
        wakes = [stack.enter_context(wake_up.create()) for _ in range(verifiers + 1)]
        yield Both(plan, shared, wakes[0], wakes[1:])


async def settle(*workers: Worker) -> None:
    """Give all workers and the loop a few turns: enough for whatever one of them has to tell the other."""
    for _ in range(6):
        for worker in workers:
            worker.turn()
        for _ in range(3):
            await asyncio.sleep(0)


async def opened(ends: Both, *workers: Worker, in_flight: int = 64) -> Pool:
    """Return a pool that has met its verifiers."""
    pool = ends.pool(in_flight)
    pool.open()
    await settle(*workers)
    return pool


def asked(pool: Pool, *needs: Verify, timeout: float = LONG) -> "list[asyncio.Task[Verdict]]":
    """Have several needs verified at once."""
    return [asyncio.ensure_future(pool.verify(one, timeout)) for one in needs]
