"""A process that hashes what it is told to, until whoever started it closes the channel or ends.

A channel is a pair of Unix stream sockets. A job is one message of fixed size with the batch's descriptor beside it;
the answer is one byte.
"""

import os
import signal
import socket
from collections.abc import Sequence
from struct import Struct

from sidecar.memory import segment
from sidecar.verify.hashing.algorithm import MAX_KEY_BYTES, Algorithm
from sidecar.verify.hashing.batch import Batch

#: Algorithm, length of the key, key, rows, bytes of data, first row, row after the last.
_JOB = Struct(f"=BB{MAX_KEY_BYTES}sQQQQ")
DONE, FAILED = b"+", b"-"


def ask(channel: socket.socket, batch: Batch, part: range, key: bytes) -> None:
    """Send a job; raises ``OSError`` where nobody is there to take it."""
    job = _JOB.pack(batch.algorithm, len(key), key, batch.rows, batch.data_bytes, part.start, part.stop)
    socket.send_fds(channel, [job], [batch.fileno()])


def run(channel: socket.socket, foreign: Sequence[int]) -> None:
    """Be a worker. ``foreign``: what a fork has brought along and must not be kept, or nobody would see an end."""
    for fd in foreign:
        os.close(fd)
    _reset_signals()
    with channel:
        while _serve(channel):
            pass


def _reset_signals() -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # Ctrl-C in a terminal goes to the whole group; whoever started us ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _serve(channel: socket.socket) -> bool:
    """Do one job; ``False`` where there are no more."""
    try:
        job, fds, _, _ = socket.recv_fds(channel, _JOB.size, 1, socket.MSG_WAITALL)
        if len(job) < _JOB.size or not fds:
            return False
        channel.sendall(DONE if _work(job, fds[0]) else FAILED)
    except OSError:  # who asked is gone
        return False
    return True


def _work(job: bytes, fd: int) -> bool:
    algorithm, key_bytes, key, rows, data_bytes, first, last = _JOB.unpack(job)
    try:
        with Batch(Algorithm(algorithm), rows, data_bytes, segment.attach(fd)) as batch:
            batch.work(range(first, last), key[:key_bytes])
    except (MemoryError, OSError, ValueError):  # the caller does it again, and sees for itself
        return False
    return True
