"""What waits for answers, by the nonces of the jobs. The signing pool's ``verify.pool.pending``."""

import asyncio
import secrets
from itertools import count
from typing import NamedTuple, TypeAlias

from sidecar.tokens.pool.codec import KeysAnswer, SignAnswer, Status, read_answer
from sidecar.tokens.pool.counts import SigningCounts
from sidecar.verify.pool.verifiers import Verifier

Answer: TypeAlias = SignAnswer | KeysAnswer


class Expected(NamedTuple):
    """What the answer to a job has to be about."""

    thumbprint: bytes
    digest: bytes
    signatures: int  #: how many


class Wait(NamedTuple):
    """One job that waits. A named tuple: it is made for each job."""

    nonce: bytes
    expected: Expected | None  #: ``None``: the question which keys there are
    worker: Verifier
    epoch: int  #: of the session in which the worker was asked
    until: float  #: seconds of CLOCK_MONOTONIC
    future: "asyncio.Future[Answer | None]"  #: ``None``: there will be no answer


class Waits:
    """Waits under nonces of 16 bytes: 8 random ones, drawn once, and a number that never comes again."""

    def __init__(self) -> None:
        self._prefix = secrets.token_bytes(8)
        self._numbers = count()
        self._waits: dict[bytes, Wait] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._waits)

    def add(self, expected: Expected | None, worker: Verifier, until: float, loop: asyncio.AbstractEventLoop) -> Wait:
        """Begin to wait."""
        nonce = self._prefix + next(self._numbers).to_bytes(8, "big")
        wait = self._waits[nonce] = Wait(nonce, expected, worker, worker.jobs.epoch, until, loop.create_future())
        worker.waiting += 1
        return wait

    def settle(self, wait: Wait, answer: Answer | None) -> None:
        """End a wait; one that has ended stays as it is."""
        if self._waits.pop(wait.nonce, None) is None:
            return
        wait.worker.waiting -= 1
        if not wait.future.done():  # as it is where the caller went away
            wait.future.set_result(answer)

    def take(self, record: bytes, worker: Verifier, counts: SigningCounts) -> None:
        """Believe what ``worker`` answers, or do not, and count it."""
        answer = read_answer(record)
        wait = self._waits.get(answer.nonce) if answer is not None else None
        if answer is None:
            counts.unbelieved += 1
        elif wait is None:
            counts.astray += 1
        elif wait.worker is not worker or not _is_about(answer, wait.expected):
            counts.unbelieved += 1
        else:
            self.settle(wait, answer)

    def end_late(self, now: float) -> int:
        """End all waits that are over at ``now``, and return how many there were."""
        return self._end([wait for wait in self._waits.values() if not now < wait.until])

    def end_of(self, worker: Verifier) -> int:
        """End all waits for ``worker``, and return how many there were."""
        return self._end([wait for wait in self._waits.values() if wait.worker is worker])

    def end_all(self) -> int:
        """End all waits, and return how many there were."""
        return self._end(list(self._waits.values()))

    def _end(self, waits: list[Wait]) -> int:
        for wait in waits:
            self.settle(wait, None)
        return len(waits)


def _is_about(answer: Answer, expected: Expected | None) -> bool:
    if isinstance(answer, KeysAnswer) or expected is None:
        return isinstance(answer, KeysAnswer) and expected is None
    # INVARIANT: signatures are on a job only if its nonce, its key's thumbprint and the digest of its signing inputs
    # are in the answer, in full, and if there are as many: in their order, which the digest covers.
    number = expected.signatures if answer.status is Status.SIGNED else 0
    found = answer.thumbprint, answer.digest, len(answer.signatures)
    return found == (expected.thumbprint, expected.digest, number)
