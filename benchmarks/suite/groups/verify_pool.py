"""The verifier pool: Ed25519 by one process, by verifiers, and what a hand-over costs, on the same processors."""

import asyncio
import time
from contextlib import ExitStack
from functools import partial

from sidecar.core.needs import Verify
from sidecar.verify.inline import verify_inline
from sidecar.verify.pool.pool import Pool
from sidecar.verify.signature import verify
from suite.given.children import side_by_side
from suite.given.verifying import AT_ONCE, Verifies, needs, through, up, verifiers, verify_all
from suite.measurement import Baseline, Measurement, Take, Unit
from suite.size import Size
from suite.timing import wall

TITLE = "the verifier pool, Ed25519, server and verifiers on the same processors"
COSTLY = False
JOBS = 4000


def measurements(size: Size, stack: ExitStack) -> list[Measurement]:
    """Measure pools of one and two against one process that verifies itself."""
    jobs = needs(size.number(JOBS, 2 * AT_ONCE))
    few = jobs[: max(len(jobs) // 8, 16)]
    # Processes before anything else of ours runs: they are forks.
    pools = {count: stack.enter_context(verifiers(count)) for count in (1, 2)}
    runner = stack.enter_context(asyncio.Runner())
    for pool in pools.values():
        runner.run(up(pool, jobs[0]))
        stack.callback(_close, runner, pool)

    def by(verifies: Verifies, work: list[Verify] = jobs, at_once: int = AT_ONCE) -> Take:
        return wall(lambda: runner.run(verify_all(work, verifies, at_once)), len(work))

    def server_cpu(pool: Pool) -> float:
        before = time.process_time()
        runner.run(verify_all(jobs, through(pool)))
        return (time.process_time() - before) / len(jobs)

    here, lone = Baseline("one process", by(verify_inline)), Baseline("where it came in", by(verify_inline, few, 1))
    one, two = (by(through(pool)) for pool in pools.values())
    apart = lambda: side_by_side([partial(_verified, jobs[turn::2]) for turn in range(2)]) / len(jobs)  # noqa: E731
    return [
        Measurement("pool-1", "a verifier", Unit.RATE, one, here),
        Measurement("pool-2", "two verifiers", Unit.RATE, two, here),
        Measurement(
            "pool-apart", "two processes that are handed nothing: no pool can be faster", Unit.RATE, apart, here
        ),
        Measurement("pool-server", "of the server, for each", Unit.MICROSECONDS, partial(server_cpu, pools[2])),
        Measurement(
            "pool-lone", "one at a time, there and back", Unit.MILLISECONDS, by(through(pools[2]), few, 1), lone
        ),
    ]


def _close(runner: asyncio.Runner, pool: Pool) -> None:
    async def closed() -> None:  # its loop has to know no more of it
        pool.close()

    runner.run(closed())


def _verified(jobs: list[Verify]) -> None:
    for job in jobs:
        verify(job.algorithm, job.key, job.signing_input, job.signature)
