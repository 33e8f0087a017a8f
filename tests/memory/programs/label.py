"""Count under one new name after the other, and under each of those before, without end: somebody kills it.

    label.py FD INCARNATION

It says "go" once it is at work.
"""

import os
import sys

from memory.boards import WRITES
from memory.labels import ROOM, count, name, opened
from sidecar.memory import segment

shared, incarnation = segment.attach(int(sys.argv[1])), int(sys.argv[2])
with opened(shared) as row:
    for turn in range(WRITES):
        # A few more with each incarnation, in another order: the names it finds are not all that it comes to use.
        for number in range(min(incarnation * 2, ROOM)):
            count(row, name(number), 255)
        if turn == 0:
            os.write(1, b"go\n")
