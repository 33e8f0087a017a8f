"""The minting worker's side: jobs in, signatures out, for as many askers as there are, each in its turn."""

import time
from collections.abc import Callable, Sequence

from sidecar.tokens.key_file import KeyFiles, read_minting_keys
from sidecar.tokens.minting_key import MintingKeys
from sidecar.tokens.pool import codec
from sidecar.tokens.pool.codec import AskJob, SignJob, Status
from sidecar.tokens.pool.warm_up import warm_up
from sidecar.verify.pool.told import NOBODY, Told
from sidecar.verify.pool.wake_up import WakeUp
from sidecar.verify.pool.worker import Server, Worker


class SigningWorker(Worker):
    """Signs with ``keys`` what ``askers`` ask, as a verifier verifies; all that differs is what becomes of one job.

    A turn is one job: its answer goes out as soon as it is there, for RSA takes its time.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - its base's, and the keys
        self,
        keys: MintingKeys,
        askers: Sequence[Server],
        wake_up: WakeUp,
        report: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        told: Told = NOBODY,
    ) -> None:
        super().__init__(askers, wake_up, report, clock, told)
        self._keys = keys

    def _serve(self, server: Server) -> bool:
        """Take one job, and say whether there was one."""
        epoch, before, sessions = server.verdicts.epoch, self.counts.verdicts, server.jobs.sessions
        server.verdicts.attend()
        # Who does not take its answers gets no more of them.
        record = server.jobs.pop() if self._send(server) else None
        if record is not None:
            server.unsent.extend(self._answer(record))
            self._send(server)
        # In a session that is new the asker has to see that its worker is there: it may have jobs that wait for one.
        if self.counts.verdicts > before or (server.verdicts.epoch, server.jobs.sessions) != (epoch, sessions):
            server.wake_up.wake()
        return record is not None

    def _answer(self, record: bytes) -> list[tuple[float, bytes]]:
        """Return the answer with its deadline, or nothing."""
        self.counts.jobs += 1
        job = codec.read_job(record)
        if job is None:
            self.counts.unreadable += 1
            self._report("a record that is no job")
        elif job.deadline < self._clock():
            self.counts.late += 1
        elif isinstance(job, AskJob):
            return [(job.deadline, codec.write_keys(job, self._keys.public))]
        else:
            return [(job.deadline, self._signed(job))]
        return []

    def _signed(self, job: SignJob) -> bytes:
        began = self._clock()
        self._told.waited(began - job.asked_at)
        answer = codec.write_answer(job, *self._sign(job))
        self._told.worked(len(job.inputs), self._clock() - began)
        return answer

    def _sign(self, job: SignJob) -> tuple[Status, list[bytes]]:
        """Sign all of a job, or nothing: whatever one job does, the others get their signatures."""
        key = self._keys.find(job.algorithm, job.thumbprint)
        if key is None:
            return Status.NOT_HELD, []
        try:
            return Status.SIGNED, [key.sign(each) for each in job.inputs]
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - a panic of a native library is no Exception
            self.counts.refused += 1
            self._report(f"{job.algorithm} could not sign: {type(error).__name__}")  # the text might have the key in it
            return Status.REFUSED, []


def make_worker(
    files: KeyFiles, askers: Sequence[Server], wake_up: WakeUp, report: Callable[[str], None] = lambda _: None
) -> SigningWorker:
    """Return the worker of this process, with the keys in ``files``: to be called in that process, after a fork.

    Raises ``SigningKeyError`` for a file that no token can be signed with, and ``RuntimeError`` where signing does not
    work here.
    """
    keys = read_minting_keys(files)
    warm_up(keys)
    return SigningWorker(keys, askers, wake_up, report)
