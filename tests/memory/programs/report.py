"""Write one child's line of the scoreboard, and add to one row of counters, without end: somebody kills it.

    report.py FD INCARNATION

All fields of a line follow from one number, so that a reader can tell a mixture. It says "go" once it is at work.
"""

import os
import sys

from memory.boards import CHILDREN, COUNTERS_AT, SCHEMA, WRITES, report_number
from sidecar.memory import segment
from sidecar.memory.counters import CounterTable
from sidecar.memory.scoreboard import Scoreboard

shared, incarnation = segment.attach(int(sys.argv[1])), int(sys.argv[2])
board, row = Scoreboard(shared, CHILDREN), CounterTable(shared, SCHEMA, rows=2, offset=COUNTERS_AT).row(0)
for number in range(WRITES):
    board.write_report(0, report_number(number, incarnation))
    row.add(0)
    row.add(1, 255)
    row.observe(0, 1.0)
    if number == 0:
        os.write(1, b"go\n")
