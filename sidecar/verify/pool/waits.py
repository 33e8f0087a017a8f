"""What waits for answers, by the nonces of the jobs. Which answers are believed, the pools say."""

import asyncio
import secrets
from itertools import count
from typing import Generic, NamedTuple, TypeVar

from sidecar.verify.pool.verifiers import Verifier

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class Wait(NamedTuple, Generic[Question, Answer]):
    """One job that waits. A named tuple: it is made for each job."""

    nonce: bytes
    question: Question
    worker: Verifier
    until: float  #: seconds of CLOCK_MONOTONIC
    future: "asyncio.Future[Answer | None]"  #: ``None``: there will be no answer


class Waits(Generic[Question, Answer]):
    """Waits under nonces of 16 bytes: 8 random ones, drawn once, and a number that never comes again."""

    def __init__(self) -> None:
        self._prefix = secrets.token_bytes(8)
        self._numbers = count()
        self._waits: dict[bytes, Wait[Question, Answer]] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._waits)

    def add(
        self, question: Question, worker: Verifier, until: float, loop: asyncio.AbstractEventLoop
    ) -> Wait[Question, Answer]:
        """Begin to wait."""
        nonce = self._prefix + next(self._numbers).to_bytes(8, "big")
        wait = self._waits[nonce] = Wait(nonce, question, worker, until, loop.create_future())
        worker.waiting += 1
        return wait

    def settle(self, wait: Wait[Question, Answer], answer: Answer | None) -> None:
        """End a wait; one that has ended stays as it is."""
        if self._waits.pop(wait.nonce, None) is None:
            return
        wait.worker.waiting -= 1
        if not wait.future.done():  # as it is where the caller went away
            wait.future.set_result(answer)

    def end_late(self, now: float) -> int:
        """End all waits that are over at ``now``, and return how many there were."""
        return self._end([wait for wait in self._waits.values() if not now < wait.until])

    def end_of(self, worker: Verifier) -> int:
        """End all waits for ``worker``, and return how many there were."""
        return self._end([wait for wait in self._waits.values() if wait.worker is worker])

    def end_all(self) -> int:
        """End all waits, and return how many there were."""
        return self._end(list(self._waits.values()))

    def _end(self, waits: list[Wait[Question, Answer]]) -> int:
        for wait in waits:
            self.settle(wait, None)
        return len(waits)
