"""Somebody who is told of a pool's work, and remembers it."""

from dataclasses import dataclass, field

from sidecar.observe.pool_series import Failure


@dataclass
class Recorded:
    """What was told."""

    waits: list[float] = field(default_factory=list)
    batches: list[tuple[int, float]] = field(default_factory=list)
    jobs_done: int = 0
    failures: list[Failure] = field(default_factory=list)

    def waited(self, seconds: float) -> None:
        """Remember it."""
        self.waits.append(seconds)

    def worked(self, jobs: int, seconds: float) -> None:
        """Remember it."""
        self.batches.append((jobs, seconds))

    def done(self) -> None:
        """Remember it."""
        self.jobs_done += 1

    def failed(self, why: Failure) -> None:
        """Remember it."""
        self.failures.append(why)
