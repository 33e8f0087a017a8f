"""The needs that wait for a verdict, by the nonces of their jobs."""

import asyncio
import secrets
from itertools import count
from typing import NamedTuple

from sidecar.core.needs import Verdict, Verify
from sidecar.verify.pool.codec import read_verdict
from sidecar.verify.pool.counts import PoolCounts
from sidecar.verify.pool.verifiers import Verifier


class Wait(NamedTuple):
    """One need that waits. A named tuple: it is made for each job."""

    nonce: bytes
    need: Verify
    verifier: Verifier
    until: float  #: seconds of CLOCK_MONOTONIC
    future: "asyncio.Future[Verdict | None]"  #: ``None``: there will be no verdict


class Pending:
    """Waits under nonces of 16 bytes: 8 random ones, drawn once, and a number that never comes again."""

    def __init__(self) -> None:
        self._prefix = secrets.token_bytes(8)
        self._numbers = count()
        self._waits: dict[bytes, Wait] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._waits)

    def add(self, need: Verify, verifier: Verifier, until: float, loop: asyncio.AbstractEventLoop) -> Wait:
        """Begin to wait."""
        nonce = self._prefix + next(self._numbers).to_bytes(8, "big")
        wait = self._waits[nonce] = Wait(nonce, need, verifier, until, loop.create_future())
        verifier.waiting += 1
        return wait

    def settle(self, wait: Wait, verdict: Verdict | None) -> None:
        """End a wait; one that has ended stays as it is."""
        if self._waits.pop(wait.nonce, None) is None:
            return
        wait.verifier.waiting -= 1
        if not wait.future.done():  # as it is where the caller went away
            wait.future.set_result(verdict)

    def take(self, record: bytes, counts: PoolCounts) -> None:
        """Believe a verdict, or do not, and count it."""
        answer = read_verdict(record)
        wait = self._waits.get(answer.nonce) if answer is not None else None
        if answer is None:
            counts.unbelieved += 1
        elif wait is None:
            counts.astray += 1
        # INVARIANT: a verdict is on a need only if its nonce and both digests, in full, are those of the need's job.
        elif answer.token_digest != wait.need.token_digest or answer.trust_digest != wait.need.trust_digest:
            counts.unbelieved += 1
        else:
            counts.verdicts += 1
            self.settle(wait, Verdict(wait.need.token_digest, wait.need.trust_digest, answer.valid))

    def end_late(self, now: float) -> int:
        """End all waits that are over at ``now``, and return how many there were."""
        return self._end([wait for wait in self._waits.values() if not now < wait.until])

    def end_of(self, verifier: Verifier) -> int:
        """End all waits for ``verifier``, and return how many there were."""
        return self._end([wait for wait in self._waits.values() if wait.verifier is verifier])

    def end_all(self) -> int:
        """End all waits, and return how many there were."""
        return self._end(list(self._waits.values()))

    def _end(self, waits: list[Wait]) -> int:
        for wait in waits:
            self.settle(wait, None)
        return len(waits)
