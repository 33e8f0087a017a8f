"""What the signing pool gains. Linux.

    python benchmarks/signing_pool.py

Signatures in a second, RS256 with 2048 bits and EdDSA: in one process that has the key, as a command signs, and through
the pool with one and with two minting workers; the asker, which makes the jobs and has no key, runs on the same
processors. All of it in one run, the rounds of the three in turn, the best of each: ratios carry over to other
machines, times do not. Every signature is verified, outside of what is timed.

The second table is calculated, not measured: for more processors than there are here, from what a signature takes of
the asker (its processor time, the serial part) and of a worker.
"""

import asyncio
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sidecar.core.algorithm import Algorithm
from sidecar.keys.jwk import verification_key
from sidecar.memory import segment
from sidecar.memory.ring import Consumer, Producer, Region
from sidecar.tokens.key_file import KeyFile, KeyFiles, read_minting_keys
from sidecar.tokens.pool.pool import SigningPool
from sidecar.tokens.pool.rings import SigningRings
from sidecar.tokens.pool.worker import make_worker
from sidecar.tokens.public import PublicKey
from sidecar.verify.pool import wake_up
from sidecar.verify.pool.verifiers import Verifier
from sidecar.verify.pool.worker import Server
from sidecar.verify.signature import verify

INPUTS, INPUT_BYTES, ROUNDS = {Algorithm.RS256: 1000, Algorithm.EDDSA: 4000}, 400, 30
TIMEOUT = 60.0
#: What the second table is for.
PROCESSORS = (4, 8, 16)

Signs = Callable[[Sequence[bytes]], Awaitable[Sequence[bytes]]]


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds a signature, of the best round."""

    elapsed: float
    asker: float  #: of this process's processor time


async def one_round(inputs: Sequence[bytes], signs: Signs, key: PublicKey) -> Times:
    """Have all signed, and see that all are."""
    began, cpu_began = time.perf_counter(), time.process_time()
    signatures = await signs(inputs)
    elapsed, cpu = time.perf_counter() - began, time.process_time() - cpu_began
    public = verification_key(key.jwk)
    pairs = zip(inputs, signatures, strict=True)
    if not all(verify(key.algorithm, public, signed, signature) for signed, signature in pairs):
        sys.exit("WRONG: a signature is not good")
    return Times(elapsed / len(inputs), cpu / len(inputs))


async def best_of(inputs: Sequence[bytes], ways: Sequence[Signs], key: PublicKey) -> list[Times]:
    """Return the best round of each way."""
    rounds = [[await one_round(inputs, signs, key) for signs in ways] for _ in range(ROUNDS)]
    return [min(times, key=lambda one: one.elapsed) for times in zip(*rounds, strict=True)]


@contextmanager
def pool_of(count: int, files: KeyFiles) -> Iterator[SigningPool]:
    """Give a pool with so many minting workers, which end with it."""
    plan, seed = SigningRings(1, count), secrets.randbits(64)
    with ExitStack() as stack:
        shared = stack.enter_context(segment.create(segment.pages(plan.size)))
        asker, *theirs = [stack.enter_context(wake_up.create()) for _ in range(count + 1)]
        for number, mine in enumerate(theirs):
            stack.enter_context(
                process(partial(work, files, shared, seed, plan.jobs(0, number), plan.answers(0, number), asker, mine))
            )
        ends = [
            Verifier(
                Producer(shared.memory, plan.jobs(0, number), seed),
                Consumer(shared.memory, plan.answers(0, number), seed),
                theirs[number],
            )
            for number in range(count)
        ]
        yield SigningPool(ends, asker)


def work(  # noqa: PLR0913, PLR0917 - all that a worker is given
    files: KeyFiles,
    shared: segment.Segment,
    seed: int,
    jobs: Region,
    answers: Region,
    asker: wake_up.WakeUp,
    mine: wake_up.WakeUp,
    stop_fd: int,
) -> None:
    """Be a minting worker."""
    ends = Server(Consumer(shared.memory, jobs, seed), Producer(shared.memory, answers, seed), asker)
    make_worker(files, [ends], mine).run(lambda: None, stop_fd=stop_fd)


@contextmanager
def process(works: Callable[[int], None]) -> Iterator[None]:
    """Run one worker process: it ends when the pipe's write end is closed, were it by our being killed."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(writer)
        try:
            works(reader)
        finally:
            os._exit(0)
    os.close(reader)
    try:
        yield
    finally:
        os.close(writer)
        os.waitpid(child, 0)


async def measure(algorithm: Algorithm, files: KeyFiles, one: SigningPool, two: SigningPool) -> list[Times]:
    """Return the times in one process, with one worker, and with two."""
    inputs = [secrets.token_hex(INPUT_BYTES // 2).encode() for _ in range(INPUTS[algorithm])]
    for pool in (one, two):
        pool.open()
    key = (await two.public_keys(time.monotonic() + TIMEOUT)).current
    await one.signing_key(time.monotonic() + TIMEOUT)
    here = read_minting_keys(files).current  # after the workers have told: none of them was forked with it

    async def inline(asked: Sequence[bytes]) -> Sequence[bytes]:
        return [here.sign(each) for each in asked]

    def by(pool: SigningPool) -> Signs:
        return lambda asked: pool.sign_many(key, asked, time.monotonic() + TIMEOUT)

    try:
        return await best_of(inputs, [inline, by(one), by(two)], key)
    finally:
        for pool in (one, two):
            pool.close()


def measured(algorithm: Algorithm, times: Sequence[Times]) -> None:
    """Print what was measured."""
    print(f"{algorithm} on {os.cpu_count()} processors        signatures/s   ratio   asker's µs each")
    for name, one in zip(("one process, inline", "pool, 1 worker", "pool, 2 workers"), times, strict=True):
        print(f"{name:28} {1 / one.elapsed:15,.0f} {times[0].elapsed / one.elapsed:7.2f} {one.asker * 1e6:17.1f}")
    print()


def calculated(algorithm: Algorithm, inline: Times, worker: float, asker: float) -> None:
    """Print what that comes to with more processors: the workers' share, or the asker's limit if that is less."""
    print(f"CALCULATED, not measured: {algorithm}, one asker, and a worker on each of the other processors")
    print("processors      signatures/s   ratio   limited by")
    for processors in PROCESSORS:
        by_workers, by_asker = (processors - 1) / worker, 1 / asker
        rate = min(by_workers, by_asker)
        limit = "the asker" if by_asker < by_workers else "the workers"
        print(f"{processors:10} {rate:17,.0f} {rate * inline.elapsed:7.2f}   {limit}")
    print()


def write_key(path: Path, algorithm: Algorithm) -> KeyFiles:
    """Make a key, in a file."""
    made = (
        ed25519.Ed25519PrivateKey.generate() if algorithm is Algorithm.EDDSA else rsa.generate_private_key(65537, 2048)
    )
    path.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return KeyFiles(KeyFile(path))


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        for algorithm in INPUTS:
            files = write_key(Path(folder) / f"{algorithm}.pem", algorithm)
            with pool_of(1, files) as one, pool_of(2, files) as two:
                times = asyncio.run(measure(algorithm, files, one, two))
            measured(algorithm, times)
            calculated(algorithm, times[0], times[1].elapsed, times[2].asker)


if __name__ == "__main__":
    main()
