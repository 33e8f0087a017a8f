"""Many processes on one small cache, killed at any instruction."""

import os
import random
import signal
import subprocess
from contextlib import ExitStack
from pathlib import Path

from memory.caches import NOW, SEED, is_value_for, key
from memory.run_program import run_program
from sidecar.memory import segment
from sidecar.memory.cache import SharedCache
from sidecar.memory.layout import Entry

#: How often the test reads. For millions: AUTHZ_TORTURE_READS=5000000, with --timeout=600; 70 s on two cores.
READS = int(os.environ.get("AUTHZ_TORTURE_READS", "300000"))
WRITERS, KEYS = 2, 96
#: 56 slots of 512 bytes and 32 of 128: writers meet in the same slot all the time.
BUDGET = 32768
LONGEST_NEGATIVE = 256
PROGRAM = Path(__file__).parent / "programs" / "write.py"


class Writers:
    """A program that forks writers, one at a time, which this process kills."""

    def __init__(self, program: "subprocess.Popen[str]") -> None:
        self._program = program
        self.killed = 0
        self.start()

    def start(self) -> None:
        """Have a writer started, and wait until it is at work."""
        self._ask("go")
        self._pid = int(self._answer())

    def kill(self) -> None:
        """Kill the writer, wherever it is just now, and see it ended."""
        os.kill(self._pid, signal.SIGKILL)
        assert self._answer() == "ended"
        self.killed += 1

    def _ask(self, line: str) -> None:
        assert self._program.stdin is not None
        self._program.stdin.write(f"{line} {random.random()}\n")  # noqa: S311 - not for secrets
        self._program.stdin.flush()

    def _answer(self) -> str:
        assert self._program.stdout is not None
        return self._program.stdout.readline().strip()


def test_no_wrong_value_whoever_is_killed() -> None:
    """However many writers are killed in the middle of a write, what is read is always a value of that very key."""
    chance = random.Random(SEED)  # noqa: S311 - not for secrets
    keys = [key(number) for number in range(KEYS)]
    with segment.create(BUDGET) as shared, ExitStack() as stack:
        cache = SharedCache(shared, SEED)
        running = [stack.enter_context(run_program(Writers, PROGRAM, shared.fileno(), KEYS)) for _ in range(WRITERS)]
        for _ in range(READS // 1000):
            for wanted in chance.choices(keys, k=1000):
                found = cache.get(wanted, NOW)
                assert found is None or right(wanted, found, cache.max_value_bytes)
            unlucky = chance.choice(running)
            unlucky.kill()
            unlucky.start()
        assert cache.counts.hits + cache.counts.misses == READS // 1000 * 1000
        assert cache.counts.hits > READS // 10
        assert sum(one.killed for one in running) == READS // 1000


def right(wanted: bytes, found: Entry, longest: int) -> bool:
    """Say whether an entry is one that somebody put for this key."""
    return is_value_for(wanted, found.value, LONGEST_NEGATIVE if found.negative else longest)
