"""What the verifier pool gains, and what handing a signature to another process costs. Linux.

    python benchmarks/verifier_pool.py

Ed25519 verifications in a second: in one process, as a server does it alone, and through the pool with one and with two
verifiers; the server, which makes the jobs, runs on the same processors. All of it in one run, in turn, the best of
several rounds each: ratios carry over to other machines, times do not. Every verdict is looked at.

The second table is calculated, not measured: for more processors than there are here, from what a job takes of the
server (its processor time, the serial part) and of a verifier.
"""

import asyncio
import os
import secrets
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from sidecar.core.algorithm import Algorithm
from sidecar.core.keys import VerificationKey
from sidecar.core.needs import Decided, Verdict, Verify
from sidecar.keys.signing import generate
from sidecar.memory import segment
from sidecar.memory.ring import Consumer, Producer
from sidecar.verify.inline import verify_inline
from sidecar.verify.pool import wake_up
from sidecar.verify.pool.pool import Pool
from sidecar.verify.pool.rings import Rings
from sidecar.verify.pool.verifiers import Verifier
from sidecar.verify.pool.warm_up import warm_up
from sidecar.verify.pool.worker import Server, Worker
from sidecar.verify.routing import Costs
from sidecar.verify.signature import verify
from sidecar.verify.turns import Turns

JOBS, LONE, AT_ONCE, ROUNDS = 4000, 1000, 128, 5
INPUT_BYTES = 400
TIMEOUT = 30.0
#: What the second table is for.
PROCESSORS = (4, 8, 16)

Verifies = Callable[[Verify], Awaitable[Verdict]]


def needs(number: int) -> list[Verify]:
    """Return different needs; every eighth signature is bad."""
    key = generate("k1")
    public = VerificationKey("k1", frozenset({Algorithm.EDDSA}), key.private.public_key().public_bytes_raw(), b"")
    made = []
    for turn in range(number):
        signing_input = secrets.token_hex(INPUT_BYTES // 2).encode()
        signature = key.private.sign(signing_input if turn % 8 else b"other")
        digest = secrets.token_bytes(32)
        made.append(Verify(digest, bytes(32), Algorithm.EDDSA, public, signing_input, signature, never))
    return made


def never(_: Verdict, __: float) -> Decided:
    """Stand in for the rest of a check, which is not part of this."""
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds a job, of the best round."""

    elapsed: float
    server: float  #: of the server's processor time


async def one_round(jobs: list[Verify], verifies: Verifies, at_once: int) -> Times:
    """Have all verified, ``at_once`` at a time as so many connections do."""
    waiting = enumerate(jobs)

    async def caller() -> None:
        for turn, need in waiting:
            verdict = await verifies(need)
            if verdict != Verdict(need.token_digest, need.trust_digest, turn % 8 != 0):
                sys.exit(f"WRONG: {verdict}")

    began, cpu_began = time.perf_counter(), time.process_time()
    await asyncio.gather(*(caller() for _ in range(at_once)))
    elapsed, cpu = time.perf_counter() - began, time.process_time() - cpu_began
    return Times(elapsed / len(jobs), cpu / len(jobs))


async def best_of(jobs: list[Verify], verifies: Verifies, at_once: int) -> Times:
    """Return the best of several rounds."""
    rounds = [await one_round(jobs, verifies, at_once) for _ in range(ROUNDS)]
    return min(rounds, key=lambda times: times.elapsed)


@contextmanager
def verifiers(count: int) -> Iterator[Pool]:
    """Give a pool with so many verifier processes, which end with it."""
    plan, seed = Rings(1, count), secrets.randbits(64)
    with ExitStack() as stack:
        shared = stack.enter_context(segment.create(plan.size + 65536))
        server, *theirs = [stack.enter_context(wake_up.create()) for _ in range(count + 1)]
        for number in range(count):
            stack.enter_context(process(shared, seed, plan, number, (server, theirs[number])))
        ends = [
            Verifier(
                Producer(shared.memory, plan.jobs(0, number), seed),
                Consumer(shared.memory, plan.verdicts(0, number), seed),
                theirs[number],
            )
            for number in range(count)
        ]
        costs = Costs()
        yield Pool(ends, server, AT_ONCE * 2, costs, Turns(costs))


@contextmanager
def process(
    shared: segment.Segment, seed: int, plan: Rings, number: int, wakes: tuple[wake_up.WakeUp, wake_up.WakeUp]
) -> Iterator[None]:
    """Run one verifier process: it ends when the pipe's write end is closed, were it by our being killed."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(writer)
        try:
            warm_up()
            jobs = Consumer(shared.memory, plan.jobs(0, number), seed)
            verdicts = Producer(shared.memory, plan.verdicts(0, number), seed)
            Worker([Server(jobs, verdicts, wakes[0])], wakes[1]).run(lambda: None, stop_fd=reader)
        finally:
            os._exit(0)
    os.close(reader)
    try:
        yield
    finally:
        os.close(writer)
        os.waitpid(child, 0)


async def through(pool: Pool, jobs: list[Verify], at_once: int) -> Times:
    """Have all verified by the pool, once it is there, and see that it was the pool."""
    pool.open()
    try:
        while not pool.counts.verdicts:
            await pool.verify(jobs[0], TIMEOUT)
            await asyncio.sleep(0.001)
        inline = pool.counts.inline
        times = await best_of(jobs, lambda need: pool.verify(need, TIMEOUT), at_once)
        if pool.counts.inline != inline:
            sys.exit(f"WRONG: not all were verified by the pool: {pool.counts}")
        return times
    finally:
        pool.close()


def by_pool(count: int, jobs: list[Verify], at_once: int) -> Times:
    """Measure a pool of ``count`` verifiers."""
    with verifiers(count) as pool:
        return asyncio.run(through(pool, jobs, at_once))


def side_by_side(jobs: list[Verify]) -> Times:
    """Return what it takes where two processes verify one half each, and nothing is handed over.

    No pool of two could be faster here: processors that share a core do not do twice as much.
    """
    rounds = []
    for _ in range(ROUNDS):
        readers = [half(jobs[turn::2]) for turn in range(2)]
        rounds.append(max(map(told, readers)))
    return Times(min(rounds) / len(jobs), 0.0)


def half(jobs: list[Verify]) -> int:
    """Begin to verify in a process of its own; return where it tells how many seconds that took."""
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        return reader
    began = time.perf_counter()
    for job in jobs:
        verify(job.algorithm, job.key, job.signing_input, job.signature)
    os.write(writer, str(time.perf_counter() - began).encode())
    os._exit(0)


def told(reader: int) -> float:
    """Return what a process tells at its end."""
    text = os.read(reader, 64)
    os.close(reader)
    os.wait()
    return float(text)


def measured(alone: Times, one: Times, two: Times, apart: Times) -> None:
    """Print what was measured."""
    print(f"measured on {os.cpu_count()} processors      verifications/s   ratio   server's µs/job")
    named = {"one process, inline": alone, "pool, 1 verifier": one, "pool, 2 verifiers": two}
    for name, times in {**named, "two processes, no pool": apart}.items():
        ratio = alone.elapsed / times.elapsed
        print(f"{name:28} {1 / times.elapsed:18,.0f} {ratio:7.2f} {times.server * 1e6:17.1f}")


def calculated(alone: Times, verifier: float, server: float) -> None:
    """Print what that comes to with more processors: the verifiers' share, or the server's limit if that is less."""
    print()
    print("CALCULATED, not measured: one server, and a verifier on each of the other processors")
    print("processors   verifications/s   ratio   limited by")
    for processors in PROCESSORS:
        by_verifiers, by_server = (processors - 1) / verifier, 1 / server
        rate = min(by_verifiers, by_server)
        limit = "the server" if by_server < by_verifiers else "the verifiers"
        print(f"{processors:10} {rate:17,.0f} {rate * alone.elapsed:7.2f}   {limit}")


def main() -> None:
    """Measure and print."""
    jobs = needs(JOBS)
    alone = asyncio.run(best_of(jobs, verify_inline, AT_ONCE))
    one, two = by_pool(1, jobs, AT_ONCE), by_pool(2, jobs, AT_ONCE)
    measured(alone, one, two, side_by_side(jobs))
    few = jobs[:LONE]
    lone, lone_inline = by_pool(1, few, 1).elapsed, asyncio.run(best_of(few, verify_inline, 1)).elapsed
    print()
    print(f"one at a time: {lone * 1e6:.0f} µs through the pool, {lone_inline * 1e6:.0f} inline:")
    print(
        f"a hand-over, there and back, takes {(lone - lone_inline) * 1e6:.0f} µs, {two.server * 1e6:.0f} of the server"
    )
    calculated(alone, one.elapsed, two.server)


if __name__ == "__main__":
    main()
