"""Fork writers of a denylist that are killed one after the other, or read it.

    deny.py FD write|read

``write``: for each line of input a writer is forked, and its process id printed once it is at work; the next line is
read when it has ended. ``read``: looks at the list until there is input. Both say on standard error what is wrong.
"""

import os
import random
import select
import sys

from memory.denying import Witness, acknowledged, clock, expiry_of, one_of
from memory.denylists import rows, until
from sidecar.memory import segment
from sidecar.memory.denylist_writer import DenylistWriter
from sidecar.memory.segment import Segment

#: A writer ends by itself after so many rounds, or when nobody is left to kill it.
ROUNDS, LOOK_UP = 2_000_000, 256


def main() -> None:
    """Be a reader, or fork writers."""
    with segment.attach(int(sys.argv[1])) as shared:
        if sys.argv[2] == "read":
            read(shared)
        else:
            fork(shared)


def read(shared: Segment) -> None:
    """Look until told to end."""
    with Witness(shared, random.Random(7)) as witness:  # noqa: S311 - not for secrets
        say("reading")
        while not select.select([sys.stdin], [], [], 0)[0]:
            for _ in range(100):
                witness.look()


def fork(shared: Segment) -> None:
    """Fork as many as are asked for."""
    for line in sys.stdin:
        parent = os.getpid()
        child = os.fork()
        if not child:
            write(shared, random.Random(line), parent)  # noqa: S311 - not for secrets
            os._exit(0)
        os.waitpid(child, 0)
        say("ended")


def write(shared: Segment, chance: random.Random, parent: int) -> None:
    """Add, load and sweep until killed; acknowledge what is on the list for certain."""
    writer, cells = DenylistWriter(shared), acknowledged(shared)
    for turn in range(ROUNDS):
        number = cells[0]
        now, many = clock(number), chance.choice((1, 1, 1, 1, 1, 1, 7))
        if many == 1:
            writer.add(one_of(number), expiry_of(number), now)
        else:
            numbers = range(number, number + many)
            writer.load(rows([one_of(each) for each in numbers]), until(*[expiry_of(each) for each in numbers]), now)
        cells[0] = number + many
        if chance.random() < 0.2:
            writer.sweep(now)
        if turn == 0:
            say(str(os.getpid()))
        if turn % LOOK_UP == 0 and os.getppid() != parent:
            return


def say(line: str) -> None:
    """Print a line at once, past all buffers that a fork would double."""
    os.write(1, line.encode() + b"\n")


if __name__ == "__main__":
    main()
