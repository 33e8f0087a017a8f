"""Real minting workers, killed while they sign: no token is lost while one is left, and none comes out wrong."""

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import jwt
import pytest
from tokens.keyfiles import assert_secret, private_jwk, written
from tokens.pool.ends import LONG, SEED, soon

from sidecar.core.algorithm import Algorithm
from sidecar.memory import segment
from sidecar.memory.ring import Consumer, Producer
from sidecar.tokens.claims import Terms
from sidecar.tokens.minter import Minter
from sidecar.tokens.pool.errors import SigningUnavailableError
from sidecar.tokens.pool.pool import SigningPool
from sidecar.tokens.pool.rings import SigningRings
from sidecar.verify.pool import wake_up
from sidecar.verify.pool.verifiers import Verifier
from support.keypairs import pair

WORKERS, KILLS, AT_ONCE = 2, 4, 400
PROGRAM = Path(__file__).parent / "programs" / "signer.py"
TERMS = Terms("https://issuer.example", 300)


class Processes:
    """An asker's pool, and minting workers that this process kills and replaces."""

    def __init__(self, stack: ExitStack, key_file: Path) -> None:
        self._key_file = key_file
        self._plan = SigningRings(1, WORKERS)
        self.shared = stack.enter_context(segment.create(segment.pages(self._plan.size)))
        self._wakes = [stack.enter_context(wake_up.create()) for _ in range(WORKERS + 1)]
        self._stop, writer = os.pipe()
        stack.callback(os.close, self._stop)
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        stack.callback(self._end)
        stack.callback(os.close, writer)  # the first to happen: it ends them all
        for number in range(WORKERS):
            self.start(number)

    def pool(self) -> SigningPool:
        """Return the asker's side."""
        memory, plan, numbers = self.shared.memory, self._plan, range(WORKERS)
        jobs = [Producer(memory, plan.jobs(0, number), SEED) for number in numbers]
        answers = [Consumer(memory, plan.answers(0, number), SEED) for number in numbers]
        return SigningPool(
            [Verifier(jobs[number], answers[number], self._wakes[number + 1]) for number in numbers], self._wakes[0]
        )

    def kill(self, number: int) -> None:
        """Kill a worker, and see it ended."""
        process = self._running.pop(number)
        process.kill()
        process.wait(60)

    def start(self, number: int) -> None:
        """Start a worker."""
        asker, mine = self._wakes[0], self._wakes[number + 1]
        fds = [self.shared.fileno(), asker.reader, asker.writer, mine.reader, mine.writer, self._stop]
        words = [fds[0], SEED, WORKERS, number, *fds[1:], self._key_file]
        self._running[number] = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, str(PROGRAM), *map(str, words)],
            pass_fds=fds,
            env={name: value for name, value in os.environ.items() if not name.startswith("COV")},
        )

    def _end(self) -> None:
        ended = []
        for process in self._running.values():
            try:
                ended.append(process.wait(60))
            except subprocess.TimeoutExpired:
                process.kill()
                ended.append(process.wait())
        assert ended == [0] * len(self._running)


@contextmanager
def processes(key_file: Path) -> Iterator[Processes]:
    """Run them; they end with the pipe whose write end is this process's, were it by its being killed."""
    with ExitStack() as stack:
        yield Processes(stack, key_file)


async def met(pool: SigningPool) -> None:
    """Wait until every worker takes jobs and has told its keys."""
    while not all(worker.attend() for worker in pool._asker.workers):  # noqa: ASYNC110 - another process's doing
        await asyncio.sleep(0.01)
    await pool.public_keys(soon())


async def mint(minter: Minter, first: int) -> Sequence[bytes]:
    """Mint tokens of subjects that count up."""
    claims = [{"sub": f"{number}", "aud": "orders"} for number in range(first, first + AT_ONCE)]
    return await minter.mint_many(claims, LONG)


def assert_minted(tokens: Sequence[bytes], first: int, algorithm: Algorithm) -> None:
    """See, with PyJWT, that each token is good and says what it was minted for."""
    public = jwt.PyJWK(pair(algorithm).jwk).key
    subjects = [
        jwt.decode(token, public, [algorithm.value], audience="orders", issuer=TERMS.issuer)["sub"] for token in tokens
    ]
    assert subjects == [str(number) for number in range(first, first + AT_ONCE)]


@pytest.mark.parametrize("algorithm", [Algorithm.RS256, Algorithm.EDDSA])
def test_workers_are_killed(tmp_path: Path, algorithm: Algorithm) -> None:
    """Every token is minted, in order, while one worker after the other is killed; no key is in the memory."""
    file = written(tmp_path / "key.jwk", private_jwk(pair(algorithm)))

    async def go() -> None:
        with processes(file.path) as running:
            pool = running.pool()
            minter = Minter(pool, TERMS)
            pool.open()
            try:
                async with asyncio.timeout(90):
                    for turn in range(KILLS):
                        await met(pool)
                        before, minting = pool.counts.signed, asyncio.ensure_future(mint(minter, turn * AT_ONCE))
                        while pool.counts.signed < before + 10:  # noqa: ASYNC110 - the same
                            await asyncio.sleep(0)
                        unlucky = random.randrange(WORKERS)  # noqa: S311 - not for secrets
                        running.kill(unlucky)
                        if turn % 2:
                            pool.worker_lost(unlucky)  # else it is noticed when another one takes its place
                        running.start(unlucky)
                        assert_minted(await minting, turn * AT_ONCE, algorithm)
            finally:
                pool.close()
            assert (pool.counts.timeouts, pool.counts.unbelieved, pool.waiting) == (0, 0, 0)
            assert_secret(pair(algorithm), running.shared.memory[:])

    asyncio.run(go())


def test_none_is_left(tmp_path: Path) -> None:
    """Once the last worker is killed there is a clear error at the deadline, and nothing unsigned; then all goes on."""
    file = written(tmp_path / "key.jwk", private_jwk(pair()))

    async def go() -> None:
        with processes(file.path) as running:
            pool = running.pool()
            minter = Minter(pool, TERMS)
            pool.open()
            try:
                await met(pool)
                for number in range(WORKERS):
                    running.kill(number)
                    pool.worker_lost(number)
                with pytest.raises(SigningUnavailableError, match="of 2 minting workers 0 take jobs"):
                    await minter.mint_many([{"sub": "a", "aud": "orders"}], 0.2)
                running.start(1)
                assert_minted(await mint(minter, 0), 0, Algorithm.EDDSA)
            finally:
                pool.close()

    asyncio.run(go())
