"""Use values of a shared table in some processes at once, and say how often each was the first, or hold on to a lock.

Arguments: the segment's descriptor, and ``race`` or ``hold``.
"""

import fcntl
import os
import signal
import sys
import time

from sidecar.memory import segment
from sidecar.memory.replays import Outcome, ReplayTable

PROCESSES, VALUES = 4, 300


def race(shared: segment.Segment) -> None:
    """Use the same values in all processes, and print the number of firsts of each that was not 1."""
    readers = []
    for number in range(PROCESSES):
        reader, writer = os.pipe()
        if os.fork() == 0:
            table = ReplayTable(shared, bytes(32))
            found = [table.use(b"%d" % value, b"%d" % number, 1e9, 0.0) for value in range(VALUES)]
            os.write(writer, bytes(outcome is Outcome.FIRST for outcome in found))
            os._exit(0)
        os.close(writer)
        readers.append(reader)
    firsts = [os.read(reader, VALUES) for reader in readers]
    sums = [sum(column) for column in zip(*firsts, strict=True)]
    sys.stdout.write(f"{sums.count(1)} {max(sums)}\n")


def hold(shared: segment.Segment) -> None:
    """Lock every bucket in a child; print how a use ends while it is stopped, and once it was killed."""
    child = os.fork()
    if child == 0:
        fcntl.lockf(shared.fileno(), fcntl.LOCK_EX, 0, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
    os.waitpid(child, os.WUNTRACED)
    table = ReplayTable(shared, bytes(32))
    before = table.use(b"value", b"a", 1e9, 0.0)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    after = table.use(b"value", b"a", 1e9, 0.0)
    sys.stdout.write(f"{before.name} {after.name}\n")


if __name__ == "__main__":
    held = segment.attach(int(sys.argv[1]))
    {"race": race, "hold": hold}[sys.argv[2]](held)
    sys.stdout.flush()
    time.sleep(0)
