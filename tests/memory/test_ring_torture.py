"""Producers and consumers of one ring, killed at any instruction."""

import os
import random
import signal
import subprocess
from pathlib import Path

import pytest

from memory.run_program import run_program
from sidecar.memory import segment

#: How often one of them is killed. 1000 take some 4 s. For long: AUTHZ_TORTURE_KILLS=50000, with --timeout=600.
KILLS = int(os.environ.get("AUTHZ_TORTURE_KILLS", "1000"))
PROGRAM = Path(__file__).parent / "programs" / "ring_end.py"
pytestmark = pytest.mark.skipif(not hasattr(os, "sched_yield"), reason="they spin, and must let each other run")


class End:
    """A program that forks one end of the ring after the other, each of which this process kills."""

    def __init__(self, program: "subprocess.Popen[str]") -> None:
        self._program = program
        self.start()

    def start(self) -> None:
        """Have one forked."""
        assert self._program.stdin is not None
        self._program.stdin.write("go\n")
        self._program.stdin.flush()
        self._pid = int(self.line())

    def kill(self) -> None:
        """Kill it, wherever it is just now, and see it ended."""
        os.kill(self._pid, signal.SIGKILL)
        while self.line() != "ended":
            pass

    def line(self) -> str:
        """Return what it says next."""
        assert self._program.stdout is not None
        line = self._program.stdout.readline().strip()
        assert line, "the program has ended"
        return line


def test_no_wrong_record_whoever_is_killed() -> None:
    """However often either end is killed, records go on, each as it was pushed, in order and once."""
    chance = random.Random()  # noqa: S311 - not for secrets
    with (
        segment.create(8192) as shared,
        run_program(End, PROGRAM, shared.fileno(), "produce") as producer,
        run_program(End, PROGRAM, shared.fileno(), "consume") as consumer,
    ):
        for _ in range(KILLS):
            for _ in range(chance.randrange(1, 8)):
                while consumer.line() != "+":
                    pass
            for unlucky in chance.choice(([producer], [consumer], [producer, consumer])):
                unlucky.kill()
                unlucky.start()
