"""Worker processes that hash parts of a batch side by side."""

import multiprocessing
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import ForkContext, ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from sidecar.observe.pool_series import Failure
from sidecar.verify.hashing import worker
from sidecar.verify.hashing.algorithm import Algorithm
from sidecar.verify.hashing.batch import Batch, parts
from sidecar.verify.hashing.rows import Buffer, Digests, checked, hash_rows
from sidecar.verify.pool.told import NOBODY, Told

Context = ForkContext | SpawnContext | ForkServerContext
#: Fewer rows are hashed where they are: handing them over would cost as much.
LEAST_ROWS = 4096
#: Seconds that a worker gets for its part, the start of its process included.
PATIENCE = 30.0
_END_SECONDS = 5.0


@dataclass(slots=True, eq=False)
class _Worker:
    process: BaseProcess
    channel: socket.socket
    #: Was given a part and has not said that it is done. INVARIANT: such a one is never asked again, or its answer
    #: would be taken for another's.
    busy: bool = False

    def ask(self, batch: Batch, part: range, key: bytes) -> None:
        """Give it a part; if it has ended it stays busy."""
        self.busy = True
        with suppress(OSError):
            worker.ask(self.channel, batch, part, key)

    def hear(self) -> None:
        """Take its answer, if there is one; never waits."""
        with suppress(OSError):  # it has ended without a word
            self.busy = self.channel.recv(1, socket.MSG_DONTWAIT) != worker.DONE

    def end(self) -> None:
        """End it, now; it holds nothing that anybody would miss."""
        self.channel.close()
        self.process.kill()
        self.process.join(_END_SECONDS)
        with suppress(ValueError):  # it lives on: its fork server was killed, and nobody can wait for it
            self.process.close()


class HashPool:
    """``workers`` processes, 0 for none: all is hashed by the caller then, with the same results.

    ``context``: multiprocessing's, for the start method; spawn by default, which is safe beside threads. Under fork the
    workers have whatever the caller has open, so start them first. ``hash_many`` waits for the workers: from an event
    loop call it in a thread; calls from several threads take turns. ``told`` is told of each part, in that thread.
    """

    def __init__(
        self,
        workers: int,
        context: Context | None = None,
        least_rows: int = LEAST_ROWS,
        patience: float = PATIENCE,
        *,
        told: Told = NOBODY,
    ) -> None:
        self._context = context or multiprocessing.get_context("spawn")
        self._number, self._least_rows, self._patience = workers, least_rows, patience
        self._told = told
        self._workers: list[_Worker] = []
        self._started = False
        self._lock = threading.Lock()

    @property
    def pids(self) -> list[int]:
        """Return the process ids of those that run, or have run and were not replaced yet."""
        return [worker.process.pid or 0 for worker in self._workers]

    def start(self) -> None:
        """Start the workers. Until then, all is hashed by the caller."""
        with self._lock:
            self._started = True
            self._replenish()

    def close(self) -> None:
        """End the workers. May be called twice."""
        with self._lock:
            self._started = False
            while self._workers:
                self._workers.pop().end()

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def hash_many(self, algorithm: Algorithm, data: Buffer, offsets: NDArray[np.integer], key: bytes = b"") -> Digests:
        """Return the digest of each row, ``data[offsets[i]:offsets[i + 1]]``: (n) of uint64, or (n, 16) of uint8.

        ``data`` is copied once, into shared memory; ``hash_batch`` spares that too. Raises ``ValueError`` for offsets
        that go back or out of ``data``, and for a wrong key (``Algorithm.check_key``).
        """
        if not self._worth_it(len(offsets) - 1):
            return hash_rows(algorithm, data, offsets, key)
        algorithm.check_key(key)
        whole, bounds = checked(data, offsets)
        with Batch(algorithm, len(bounds) - 1, int(bounds[-1] - bounds[0])) as batch:
            batch.data[...] = whole[bounds[0] : bounds[-1]]
            batch.offsets[...] = bounds - bounds[0]
            self._hash(batch, key)
            return batch.digests.copy()

    def hash_batch(self, batch: Batch, key: bytes = b"") -> None:
        """Hash what the caller has put into ``batch``; the digests are in it then. Raises as ``hash_many`` does."""
        batch.algorithm.check_key(key)
        checked(batch.data, batch.offsets)
        self._hash(batch, key)

    def _worth_it(self, rows: int) -> bool:
        return self._started and self._number > 0 and rows >= max(1, self._least_rows)

    def _hash(self, batch: Batch, key: bytes) -> None:
        with self._lock:
            if not self._worth_it(batch.rows):
                batch.work(range(batch.rows), key)
                return
            with suppress(OSError, EOFError):  # no more processes allowed, or the fork server was killed: fewer will do
                self._replenish()
            for part in self._left_over(batch, key):
                batch.work(part, key)

    def _left_over(self, batch: Batch, key: bytes) -> list[range]:
        """Have the workers do what they can, and return the parts that were not done."""
        shares = parts(batch.algorithm, batch.offsets, self._number)
        asked = self._workers[: len(shares)]
        for each, part in zip(asked, shares, strict=False):
            each.ask(batch, part, key)
        self._hear(asked)
        for each in asked:
            if each.busy:
                self._told.failed(Failure.LOST)
            else:
                self._told.done()
        return [part for each, part in zip(asked, shares, strict=False) if each.busy] + shares[len(asked) :]

    def _hear(self, asked: list[_Worker]) -> None:
        """Wait until each has answered or died, or there is no more patience."""
        began = time.monotonic()
        deadline = began + self._patience
        rest = list(asked)
        while rest and (left := deadline - time.monotonic()) > 0:
            ready = wait([end for each in rest for end in (each.channel, each.process.sentinel)], left)
            heard = [each for each in rest if each.channel in ready or each.process.sentinel in ready]
            for each in heard:
                each.hear()
                self._told.worked(1, time.monotonic() - began)
                rest.remove(each)

    def _replenish(self) -> None:
        """Have as many workers as there should be, each idle and alive."""
        for each in list(self._workers):
            if each.busy or wait([each.process.sentinel], 0):
                self._workers.remove(each)
                each.end()
        while len(self._workers) < self._number:
            self._workers.append(self._new_worker())

    def _new_worker(self) -> _Worker:
        ours, theirs = socket.socketpair()
        foreign: tuple[int, ...] = ()
        if self._context.get_start_method() == "fork":
            foreign = (ours.fileno(), *(each.channel.fileno() for each in self._workers))
        process = self._context.Process(target=worker.run, args=(theirs, foreign), name="hashing", daemon=True)
        with theirs:
            try:
                process.start()
            except BaseException:
                ours.close()
                raise
        return _Worker(process, ours)
