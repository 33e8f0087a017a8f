"""Hand a segment to a process of multiprocessing's start method spawn, have it killed, and say what it wrote."""

import multiprocessing
import os
import signal
import sys
from multiprocessing import reduction
from typing import Protocol

from sidecar.memory import segment


class Sent(Protocol):
    """A descriptor on its way to a child."""

    def detach(self) -> int:
        """Return it."""


def write_and_die(sent: Sent) -> None:
    """Write into the segment, and be killed with it open."""
    shared = segment.attach(sent.detach())
    shared.memory[0] = 42
    os.kill(os.getpid(), signal.SIGKILL)


class Handed:
    """A descriptor as an argument of a process: told apart only when the process is made."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def __reduce__(self) -> tuple[object, ...]:
        """Have it duplicated into the child."""
        return _received, (reduction.DupFd(self._fd),)


def _received(sent: Sent) -> Sent:
    return sent


def main() -> None:
    """Run it."""
    with segment.create(8192) as shared:
        child = multiprocessing.get_context("spawn").Process(target=write_and_die, args=(Handed(shared.fileno()),))
        child.start()
        child.join()
        sys.stdout.write(f"killed by {-(child.exitcode or 0)}, said {shared.memory[0]}\n")


if __name__ == "__main__":
    main()
