"""Real verifier processes, killed while they work: no check is lost, and none comes out wrong."""

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from verify.pool.ends import LONG, SEED, need, verdict

from sidecar.memory import segment
from sidecar.memory.ring import Consumer, Producer
from sidecar.verify.pool import wake_up
from sidecar.verify.pool.pool import Pool
from sidecar.verify.pool.rings import Rings
from sidecar.verify.pool.verifiers import Verifier
from sidecar.verify.routing import Costs
from sidecar.verify.turns import Turns

VERIFIERS, KILLS, BETWEEN = 2, 6, 150
PROGRAM = Path(__file__).parent / "programs" / "verifier.py"


class Processes:
    """A server's pool, and verifier processes that this process kills and replaces."""

    def __init__(self, stack: ExitStack) -> None:
        self._plan = Rings(1, VERIFIERS)
        self._shared = stack.enter_context(segment.create(self._plan.size + 4096))
        self._wakes = [stack.enter_context(wake_up.create()) for _ in range(VERIFIERS + 1)]
        self._stop, writer = os.pipe()
        stack.callback(os.close, self._stop)
        self._running: list[subprocess.Popen[bytes]] = []
        stack.callback(self._end)
        stack.callback(os.close, writer)  # the first to happen: it ends them all
        self._running += [self._start(number) for number in range(VERIFIERS)]

    def pool(self) -> Pool:
        """Return the server's side."""
        memory, plan, numbers = self._shared.memory, self._plan, range(VERIFIERS)
        jobs = [Producer(memory, plan.jobs(0, number), SEED) for number in numbers]
        verdicts = [Consumer(memory, plan.verdicts(0, number), SEED) for number in numbers]
        ends = [Verifier(jobs[number], verdicts[number], self._wakes[number + 1]) for number in numbers]
        costs = Costs()
        return Pool(ends, self._wakes[0], 256, costs, Turns(costs))

    def replace(self, number: int) -> None:
        """Kill a verifier, see it ended, and start another in its place."""
        self._running[number].kill()
        self._running[number].wait(60)
        self._running[number] = self._start(number)

    def _start(self, number: int) -> "subprocess.Popen[bytes]":
        server, mine = self._wakes[0], self._wakes[number + 1]
        fds = [self._shared.fileno(), server.reader, server.writer, mine.reader, mine.writer, self._stop]
        words = [fds[0], SEED, VERIFIERS, number, *fds[1:]]
        return subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, str(PROGRAM), *map(str, words)],
            pass_fds=fds,
            env={name: value for name, value in os.environ.items() if not name.startswith("COV")},
        )

    def _end(self) -> None:
        ended = []
        for process in self._running:
            try:
                ended.append(process.wait(60))
            except subprocess.TimeoutExpired:
                process.kill()
                ended.append(process.wait())
        assert ended == [0] * VERIFIERS


@contextmanager
def processes() -> Iterator[Processes]:
    """Run them; they end with the pipe whose write end is this process's, were it by its being killed."""
    with ExitStack() as stack:
        yield Processes(stack)


async def ask(pool: Pool, number: int) -> None:
    """Have one signature verified, and see that the verdict is right."""
    one = need(good=number % 4 != 0)
    assert await pool.verify(one, LONG) == verdict(one, valid=number % 4 != 0)


async def met(pool: Pool) -> None:
    """Wait until every verifier takes jobs."""
    while not all(verifier.attend() for verifier in pool._verifiers):  # noqa: ASYNC110 - another process's doing
        await asyncio.sleep(0.01)


def test_verifiers_are_killed() -> None:
    """Every check gets its verdict, and the right one, while one verifier after the other is killed at its work."""

    async def go() -> None:
        with processes() as running:
            pool = running.pool()
            pool.open()
            try:
                async with asyncio.timeout(90):
                    for _ in range(KILLS):
                        await met(pool)
                        before, tasks = pool.counts.verdicts, [ask(pool, number) for number in range(BETWEEN)]
                        asking = asyncio.gather(*tasks)
                        while pool.counts.verdicts < before + BETWEEN // 5:  # noqa: ASYNC110 - the same
                            await asyncio.sleep(0)
                        unlucky = random.randrange(VERIFIERS)  # noqa: S311 - not for secrets
                        running.replace(unlucky)
                        pool.verifier_lost(unlucky)
                        await asking
            finally:
                pool.close()
            counts = pool.counts
            assert counts.verdicts + counts.inline == KILLS * BETWEEN
            assert counts.verdicts > counts.inline
            assert (counts.timeouts, counts.unbelieved, pool.waiting) == (0, 0, 0)

    asyncio.run(go())
