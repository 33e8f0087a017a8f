"""A denylist whose writers are killed at any instruction, while others read it."""

import os
import random
import signal
import subprocess
from pathlib import Path

from memory.denying import Witness
from memory.denylists import SMALLEST
from memory.run_program import run_program
from sidecar.memory import segment

#: How often the test looks. For millions: AUTHZ_TORTURE_READS=5000000, with --timeout=600.
READS = int(os.environ.get("AUTHZ_TORTURE_READS", "30000"))
BETWEEN_KILLS = 300
PROGRAM = Path(__file__).parent / "programs" / "deny.py"


class Writers:
    """A program that forks writers, which this process kills."""

    def __init__(self, program: "subprocess.Popen[str]") -> None:
        self._program = program
        self.start()

    def start(self) -> None:
        """Have a writer started, and wait until it is at work."""
        self._ask(f"go {random.random()}")  # noqa: S311 - not for secrets
        self._pid = int(self._answer())

    def kill(self) -> None:
        """Kill the writer, wherever it is just now, and see it ended."""
        os.kill(self._pid, signal.SIGKILL)
        assert self._answer() == "ended"

    def _ask(self, line: str) -> None:
        assert self._program.stdin is not None
        self._program.stdin.write(line + "\n")
        self._program.stdin.flush()

    def _answer(self) -> str:
        assert self._program.stdout is not None
        return self._program.stdout.readline().strip()


class Reader:
    """A program that reads until it is told to end."""

    def __init__(self, program: "subprocess.Popen[str]") -> None:
        self._program = program
        assert program.stdout is not None
        assert program.stdout.readline() == "reading\n"

    def kill(self) -> None:
        """End it: it sees that there is input, the end of it, and whatever it has seen wrong it has said."""
        assert self._program.stdin is not None
        self._program.stdin.write("end\n")
        self._program.stdin.flush()
        assert self._program.wait(60) == 0


def test_no_lie_whoever_is_killed() -> None:
    """However many writers are killed: nothing acknowledged is missing, nothing else found, the epoch tells of all."""
    chance = random.Random(READS)  # noqa: S311 - not for secrets
    with (
        segment.create(SMALLEST) as shared,
        run_program(Reader, PROGRAM, shared.fileno(), "read"),
        run_program(Writers, PROGRAM, shared.fileno(), "write") as writers,
        Witness(shared, chance) as witness,
    ):
        for _ in range(READS // BETWEEN_KILLS):
            for _ in range(chance.randrange(2 * BETWEEN_KILLS)):
                witness.look()
            writers.kill()
            writers.start()
        assert witness.found > READS // 20
        assert witness.passed > READS // 200
