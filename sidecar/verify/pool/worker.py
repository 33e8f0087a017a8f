"""The verifier's side: jobs in, verdicts out, for as many servers as there are, each in its turn."""

import select
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from sidecar.memory.ring import Consumer, Producer
from sidecar.verify.pool import batch, codec
from sidecar.verify.pool.told import NOBODY, Told
from sidecar.verify.pool.wake_up import WakeUp
from sidecar.verify.signature import verify

#: Jobs of one server before the next one's turn: some 1 to 2 ms of Ed25519. Also how many verdicts share a wake-up.
BATCH = 32
#: Seconds without a wake-up before the rings are looked at all the same, and the heart beats.
IDLE_SECONDS = 0.25
#: The same while verdicts wait for room.
RETRY_SECONDS = 0.002


@dataclass(slots=True)
class WorkerCounts:
    """Plain numbers since the start."""

    jobs: int = 0  #: that came out of the rings
    verdicts: int = 0  #: that went into them
    late: int = 0  #: jobs nobody waited for any more
    unreadable: int = 0  #: records that are no jobs
    refused: int = 0  #: jobs whose verification raised something
    undelivered: int = 0  #: verdicts there was no room for before nobody waited for them any more


@dataclass(slots=True)
class Server:
    """One server as a verifier sees it."""

    jobs: Consumer
    verdicts: Producer
    wake_up: WakeUp  #: the server's
    #: Verdicts that there was no room for, with the deadlines of their jobs: one batch at the most.
    unsent: deque[tuple[float, bytes]] = field(default_factory=deque)


class Worker:
    """Verifies what ``servers`` ask. ``wake_up`` is this verifier's.

    ``clock`` is CLOCK_MONOTONIC in seconds. ``report`` is told in words, without anything of the token, of each job
    that gets no verdict for another reason than its being late; the server verifies that one itself. ``told`` is told
    of all work.
    """

    def __init__(
        self,
        servers: Sequence[Server],
        wake_up: WakeUp,
        report: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        told: Told = NOBODY,
    ) -> None:
        self.counts = WorkerCounts()
        self._servers = servers
        self._wake_up = wake_up
        self._report = report
        self._clock = clock
        self._told = told
        self._is_busy = True
        self._is_leaving = False

    def run(
        self, beat: Callable[[], None], stopping: Callable[[], bool] = lambda: False, stop_fd: int | None = None
    ) -> None:
        """Work until ``stopping()``, or until ``stop_fd`` is readable or has come to its end.

        ``beat`` is called between any two batches, and every ``IDLE_SECONDS`` at least.
        """
        poll = select.poll()
        poll.register(self._wake_up.fileno(), select.POLLIN)
        if stop_fd is not None:
            poll.register(stop_fd, select.POLLIN)
        for server in self._servers:
            server.wake_up.wake()  # the ends of the rings are new: it has to look at them
        wait = 0.0
        while not stopping():
            ready = [fd for fd, _ in poll.poll(wait * 1000)]
            if stop_fd in ready:
                return
            self._wake_up.drain()
            wait = self.turn(beat)

    def drain(self, beat: Callable[[], None], stopping: Callable[[], bool] = lambda: False) -> None:
        """Have no more handed over, and return once all servers know that and what they had is answered.

        Or when ``stopping()``: a server that hangs knows nothing.
        """
        self._is_leaving = True
        for server in self._servers:
            server.jobs.leave()
        released = False

        def is_over() -> bool:
            nonlocal released
            # What the last one pushed before it released us was there to be found in the whole turn after that.
            over, released = released and not self._is_busy, all(server.jobs.released for server in self._servers)
            return over or stopping()

        self.run(beat, is_over)

    def turn(self, beat: Callable[[], None] = lambda: None) -> float:
        """Give each server its turn once; return how many seconds there is nothing to do unless woken up."""
        busy = False
        for server in self._servers:
            beat()
            busy |= self._serve(server)
        beat()
        self._is_busy = busy or any(server.unsent for server in self._servers)
        if busy:
            return 0.0
        return RETRY_SECONDS if self._is_busy or self._is_leaving else IDLE_SECONDS

    def _serve(self, server: Server) -> bool:
        """Take a batch of jobs, and say whether there were any."""
        epoch, before = server.verdicts.epoch, self.counts.verdicts
        server.verdicts.attend()
        records: list[bytes] = []
        if self._send(server):  # who does not take its verdicts gets no more of them
            records = server.jobs.drain(BATCH)
            if records:
                began, begun = self._clock(), self.counts.jobs
                server.unsent.extend(self._verdicts_on(records))
                self._told.worked(self.counts.jobs - begun, self._clock() - began)
            self._send(server)
        if self.counts.verdicts > before or server.verdicts.epoch != epoch:
            server.wake_up.wake()
        return bool(records)

    def _verdicts_on(self, records: Sequence[bytes]) -> Iterator[tuple[float, bytes]]:
        for record in records:
            verdicts = [one for one in map(self._verdict_on, batch.split_jobs(record)) if one is not None]
            if verdicts:
                yield verdicts[0][0], batch.join_verdicts([verdict for _, verdict in verdicts])

    def _verdict_on(self, record: bytes) -> tuple[float, bytes] | None:
        """Return the deadline of a job and the verdict on it, or ``None``: there is none."""
        self.counts.jobs += 1
        job = codec.read_job(record)
        if job is None:
            self.counts.unreadable += 1
            self._report("a record that is no job")
            return None
        now = self._clock()
        self._told.waited(now - job.sent_at)
        if job.deadline < now:
            self.counts.late += 1
            return None
        valid = self._verify(job)
        return None if valid is None else (job.deadline, codec.write_verdict(job, valid=valid))

    def _verify(self, job: codec.Job) -> bool | None:
        """Verify, or return ``None``: whatever one job does, the others get their verdicts."""
        try:
            return verify(job.algorithm, job.key, job.signing_input, job.signature)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - a panic of a native library is no Exception
            self.counts.refused += 1
            self._report(f"{job.algorithm} could not be verified: {type(error).__name__}")
            return None

    def _send(self, server: Server) -> bool:
        """Push what verdicts there are, and say whether that was all."""
        while server.unsent:
            deadline, verdict = server.unsent[0]
            if server.verdicts.push(verdict):
                self.counts.verdicts += 1
            elif deadline < self._clock():
                self.counts.undelivered += 1
            else:
                return False
            server.unsent.popleft()
        return True
