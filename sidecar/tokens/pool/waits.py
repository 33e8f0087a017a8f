"""The jobs that wait to be signed, and which answers they believe."""

from typing import NamedTuple, TypeAlias

from sidecar.tokens.pool.codec import KeysAnswer, SignAnswer, Status, read_answer
from sidecar.tokens.pool.counts import SigningCounts
from sidecar.verify.pool import waits
from sidecar.verify.pool.verifiers import Verifier

Answer: TypeAlias = SignAnswer | KeysAnswer


class Expected(NamedTuple):
    """What the answer to a job has to be about."""

    thumbprint: bytes
    digest: bytes
    signatures: int  #: how many


class Asked(NamedTuple):
    """What was asked, and when."""

    expected: Expected | None  #: ``None``: the question which keys there are
    epoch: int  #: of the session in which the worker was asked


Wait: TypeAlias = waits.Wait[Asked, Answer]


class Waits(waits.Waits[Asked, Answer]):
    """Jobs, by their nonces."""

    def take(self, record: bytes, worker: Verifier, counts: SigningCounts) -> None:
        """Believe what ``worker`` answers, or do not, and count it."""
        answer = read_answer(record)
        wait = self._waits.get(answer.nonce) if answer is not None else None
        if answer is None:
            counts.unbelieved += 1
        elif wait is None:
            counts.astray += 1
        elif wait.worker is not worker or not _is_about(answer, wait.question.expected):
            counts.unbelieved += 1
        else:
            self.settle(wait, answer)


def _is_about(answer: Answer, expected: Expected | None) -> bool:
    if isinstance(answer, KeysAnswer) or expected is None:
        return isinstance(answer, KeysAnswer) and expected is None
    # INVARIANT: signatures are on a job only if its nonce, its key's thumbprint and the digest of its signing inputs
    # are in the answer, in full, and if there are as many: in their order, which the digest covers.
    number = expected.signatures if answer.status is Status.SIGNED else 0
    found = answer.thumbprint, answer.digest, len(answer.signatures)
    return found == (expected.thumbprint, expected.digest, number)
