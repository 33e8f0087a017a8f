"""Make a segment of the name that is the argument, and hold it in this process and two children until killed."""

import os
import signal
import sys

from sidecar.memory import segment

shared = segment.create(1 << 20, sys.argv[1])
children = []
for _ in range(2):
    child = os.fork()
    if not child:
        signal.alarm(60)  # should nobody kill it
        signal.pause()
    children.append(child)
sys.stdout.write(" ".join(map(str, children)) + "\n")
sys.stdout.flush()
for child in children:
    os.waitpid(child, 0)
sys.stdout.write("ended\n")
sys.stdout.flush()
signal.alarm(60)
signal.pause()
