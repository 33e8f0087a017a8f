"""The needs that wait for a verdict, and which verdicts they believe."""

from typing import TypeAlias

from sidecar.core.needs import Verdict, Verify
from sidecar.verify.pool import waits
from sidecar.verify.pool.codec import read_verdict
from sidecar.verify.pool.counts import PoolCounts

Wait: TypeAlias = waits.Wait[Verify, Verdict]


class Pending(waits.Waits[Verify, Verdict]):
    """Needs, by the nonces of their jobs."""

    def take(self, record: bytes, counts: PoolCounts) -> None:
        """Believe a verdict, or do not, and count it."""
        answer = read_verdict(record)
        wait = self._waits.get(answer.nonce) if answer is not None else None
        if answer is None:
            counts.unbelieved += 1
        elif wait is None:
            counts.astray += 1
        # INVARIANT: a verdict is on a need only if its nonce and both digests, in full, are those of the need's job.
        elif answer.token_digest != wait.question.token_digest or answer.trust_digest != wait.question.trust_digest:
            counts.unbelieved += 1
        else:
            counts.verdicts += 1
            self.settle(wait, Verdict(wait.question.token_digest, wait.question.trust_digest, answer.valid))
