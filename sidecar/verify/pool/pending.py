"""The needs that wait for verdicts, and which verdicts they believe."""

from collections.abc import Sequence
from typing import TypeAlias

from sidecar.core.needs import Verdict, Verify
from sidecar.verify.pool import waits
from sidecar.verify.pool.batch import read_verdicts
from sidecar.verify.pool.codec import Answer
from sidecar.verify.pool.counts import PoolCounts

#: Of several needs that were asked for at once; ``None`` for one on which the verifier says nothing.
Verdicts: TypeAlias = Sequence[Verdict | None]
Wait: TypeAlias = waits.Wait[Sequence[Verify], Verdicts]


class Pending(waits.Waits[Sequence[Verify], Verdicts]):
    """Needs, by the nonces of their jobs."""

    def take(self, record: bytes, counts: PoolCounts) -> None:
        """Believe verdicts, or do not, and count them."""
        answers = read_verdicts(record)
        wait = self._waits.get(answers[0].nonce) if answers is not None else None
        if answers is None:
            counts.unbelieved += 1
        elif wait is None:
            counts.astray += 1
        elif (verdicts := _believed(wait, answers)) is None:
            counts.unbelieved += 1
        else:
            counts.verdicts += len(answers)
            self.settle(wait, verdicts)


def _believed(wait: Wait, answers: Sequence[Answer]) -> Verdicts | None:
    """Return the verdicts on the needs of ``wait``; ``None`` where any of ``answers`` is on something else.

    INVARIANT: a verdict is on a need only if its nonce and both digests, in full, are those of the need's job.
    """
    rest = iter(answers)
    answer = next(rest, None)
    verdicts: list[Verdict | None] = []
    for need in wait.question:
        if (
            answer is not None
            and answer.nonce == wait.nonce
            and answer.token_digest == need.token_digest
            and answer.trust_digest == need.trust_digest
        ):
            verdicts.append(Verdict(need.token_digest, need.trust_digest, answer.valid))
            answer = next(rest, None)
        else:
            verdicts.append(None)
    return verdicts if answer is None else None
