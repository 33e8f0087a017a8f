"""One minting worker process.

    signer.py SEGMENT SEED WORKERS NUMBER ASKER-READER ASKER-WRITER READER WRITER STOP KEY-FILE

Ends when the descriptor STOP comes to its end.
"""

import sys
from pathlib import Path

from sidecar.memory import segment
from sidecar.memory.ring import Consumer, Producer
from sidecar.tokens.key_file import KeyFile, KeyFiles
from sidecar.tokens.pool.rings import SigningRings
from sidecar.tokens.pool.worker import make_worker
from sidecar.verify.pool import wake_up
from sidecar.verify.pool.worker import Server

fd, seed, workers, number, *rest = map(int, sys.argv[1:-1])
memory, plan = segment.attach(fd).memory, SigningRings(1, workers)
asker = Server(
    Consumer(memory, plan.jobs(0, number), seed),
    Producer(memory, plan.answers(0, number), seed),
    wake_up.attach(*rest[:2]),
)
files = KeyFiles(KeyFile(Path(sys.argv[-1])))
make_worker(files, [asker], wake_up.attach(*rest[2:4])).run(lambda: None, stop_fd=rest[4])
