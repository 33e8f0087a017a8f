"""Which worker holds which keys, as they tell it: each is asked once it takes jobs, and anew once it was replaced."""

import asyncio
from functools import partial
from time import monotonic
from typing import NamedTuple

from sidecar.tokens.pool.asker import Asker
from sidecar.tokens.pool.codec import AskJob, KeysAnswer, write_ask
from sidecar.tokens.pool.waits import Answer
from sidecar.tokens.public import PublicKey, PublicKeys, merged
from sidecar.verify.pool.verifiers import Verifier

#: Seconds until a worker that takes jobs and does not tell its keys is asked again.
_PATIENCE = 5.0


class _Told(NamedTuple):
    """What one worker told; ``None``: it was asked, and has not answered yet."""

    epoch: int  #: of the session in which it was asked
    keys: PublicKeys | None


class KnownKeys:
    """The keys of the workers of ``asker``."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self._told: dict[Verifier, _Told] = {}

    def look(self) -> None:
        """Ask those that take jobs and were not asked yet; forget what those told that take none any more."""
        for worker in self._asker.workers:
            told = self._told.get(worker)
            if told is not None and told.epoch != worker.jobs.epoch:
                del self._told[worker]
                told = None
            if told is None and worker.ready and self._asker.is_open:
                self._ask(worker)

    @property
    def some(self) -> bool:
        """Say whether any worker told."""
        return bool(self._sets())

    @property
    def all(self) -> bool:
        """Say whether there are workers that take jobs, and all of them told."""
        return self.some and not self._silent()

    def merged(self) -> PublicKeys:
        """Return all keys; raises ``ValueError`` where there are none."""
        return merged(list(self._sets().values()))

    def holders(self, key: PublicKey) -> list[Verifier]:
        """Return the workers that hold ``key``."""
        return [worker for worker, keys in self._sets().items() if key in keys.keys]

    def _sets(self) -> dict[Verifier, PublicKeys]:
        """Return what was told, in the workers' order."""
        told = [(worker, self._told.get(worker)) for worker in self._asker.workers]
        return {
            worker: one.keys
            for worker, one in told
            if one is not None and one.keys is not None and one.epoch == worker.jobs.epoch
        }

    def _silent(self) -> bool:
        sets = self._sets()
        return any(worker.ready and worker not in sets for worker in self._asker.workers)

    def _ask(self, worker: Verifier) -> None:
        epoch = worker.jobs.epoch
        wait = self._asker.ask(
            worker, None, lambda nonce, until: write_ask(AskJob(nonce, until)), monotonic() + _PATIENCE
        )
        if wait is not None:
            self._told[worker] = _Told(epoch, None)
            wait.future.add_done_callback(partial(self._learn, worker, epoch))

    def _learn(self, worker: Verifier, epoch: int, future: "asyncio.Future[Answer | None]") -> None:
        answer, told = future.result(), self._told.get(worker)
        if told is None or told.epoch != epoch:
            return  # of a session that is over
        if isinstance(answer, KeysAnswer):
            self._told[worker] = _Told(epoch, answer.keys)
        else:
            del self._told[worker]
        self._asker.look()
