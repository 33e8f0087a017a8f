"""One verifier process.

    verifier.py SEGMENT SEED VERIFIERS NUMBER SERVER-READER SERVER-WRITER READER WRITER STOP

Ends when the descriptor STOP comes to its end.
"""

import sys

from sidecar.memory import segment
from sidecar.memory.ring import Consumer, Producer
from sidecar.verify.pool import wake_up
from sidecar.verify.pool.rings import Rings
from sidecar.verify.pool.warm_up import warm_up
from sidecar.verify.pool.worker import Server, Worker

fd, seed, verifiers, number, *rest = map(int, sys.argv[1:])
memory, plan = segment.attach(fd).memory, Rings(1, verifiers)
server = Server(
    Consumer(memory, plan.jobs(0, number), seed),
    Producer(memory, plan.verdicts(0, number), seed),
    wake_up.attach(*rest[:2]),
)
warm_up()
Worker([server], wake_up.attach(*rest[2:4])).run(lambda: None, stop_fd=rest[4])
