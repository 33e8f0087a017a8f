"""Who is told of a pool's work: by those who do it, and by those who ask for it."""

from typing import Protocol

from sidecar.observe.pool_series import Failure


class Told(Protocol):
    """Counts. Seconds are of CLOCK_MONOTONIC."""

    def waited(self, seconds: float) -> None:
        """Note that a job waited so long before it was begun."""

    def worked(self, jobs: int, seconds: float) -> None:
        """Note that so many jobs were begun at once, and how long they took together."""

    def done(self) -> None:
        """Note that a job that was asked for was done."""

    def failed(self, why: Failure) -> None:
        """Note that one was not."""


class Nobody:
    """Counts nothing."""

    def waited(self, seconds: float) -> None:
        """Note nothing."""

    def worked(self, jobs: int, seconds: float) -> None:
        """Note nothing."""

    def done(self) -> None:
        """Note nothing."""

    def failed(self, why: Failure) -> None:
        """Note nothing."""


NOBODY = Nobody()
