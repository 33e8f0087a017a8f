"""One job while it waits to be signed: what it is, until when, and who was asked in vain."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sidecar.tokens.pool.codec import SignAnswer, SignJob, digest_of, write_sign
from sidecar.tokens.pool.waits import Answer, Expected, Wait
from sidecar.tokens.public import PublicKey
from sidecar.verify.pool.verifiers import Verifier


@dataclass(slots=True)
class Job:
    """Signing inputs for one key, ``codec.MAX_COUNT`` at the most. Times are CLOCK_MONOTONIC, in seconds.

    Workers are remembered with their session's epoch: who takes the place of one that was lost is another one.
    """

    key: PublicKey
    inputs: tuple[bytes, ...] = field(repr=False)
    deadline: float
    asked_at: float  #: when the signatures were first wanted
    expected: Expected = field(init=False)
    unable: set[tuple[Verifier, int]] = field(default_factory=set)  #: that said so
    late: set[tuple[Verifier, int]] = field(default_factory=set)  #: that said nothing

    def __post_init__(self) -> None:
        """Say what an answer has to be about."""
        self.expected = Expected(self.key.thumbprint, digest_of(self.inputs), len(self.inputs))

    def write(self, nonce: bytes, until: float) -> bytes:
        """Return it as bytes for one worker, which may take until then."""
        return write_sign(SignJob(nonce, until, self.asked_at, self.key.algorithm, self.key.thumbprint, self.inputs))

    def left(self, workers: Sequence[Verifier]) -> list[Verifier]:
        """Return who is worth asking: those that were late only where there is nobody else."""
        able = [worker for worker in workers if (worker, worker.jobs.epoch) not in self.unable]
        return [worker for worker in able if (worker, worker.jobs.epoch) not in self.late] or able

    def until(self, now: float, workers: int) -> float:
        """Return how long the next of so many workers may take: while there are others, half of the time."""
        return (now + self.deadline) / 2 if workers > 1 else self.deadline

    def note(self, wait: Wait, answer: Answer | None) -> None:
        """Remember whom not to ask again."""
        among = self.unable if isinstance(answer, SignAnswer) else self.late
        among.add((wait.worker, wait.question.epoch))
