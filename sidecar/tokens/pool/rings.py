"""Where the rings of a signing pool are in their segment: two for each pair of an asker and a worker."""

from dataclasses import dataclass

from sidecar.memory.ring import Region
from sidecar.memory.ring_layout import RECORDS, padded
from sidecar.tokens.pool.codec import MAX_RECORD_BYTES


@dataclass(frozen=True, slots=True)
class SigningRings:
    """A plan that supervisor, askers and workers make from the same numbers.

    ``in_flight``: jobs, and answers, of ``job_bytes`` bytes there is room for between one asker and one worker; for one
    of the largest there always is. Raises ``ValueError`` for a number below 1.
    """

    askers: int
    workers: int
    in_flight: int = 32
    job_bytes: int = 4096

    def __post_init__(self) -> None:
        """See that there is something to plan."""
        if min(self.askers, self.workers, self.in_flight, self.job_bytes) < 1:
            raise ValueError(f"{self}: at least 1 of each")

    @property
    def size(self) -> int:
        """Return how many bytes the segment needs."""
        return 2 * self.askers * self.workers * self._ring

    def jobs(self, asker: int, worker: int) -> Region:
        """Return the region of the jobs from ``asker`` to ``worker``, both counted from 0."""
        return Region(self._offset(asker, worker), self._ring)

    def answers(self, asker: int, worker: int) -> Region:
        """Return the region of the answers that come back."""
        return Region(self._offset(asker, worker) + self._ring, self._ring)

    def _offset(self, asker: int, worker: int) -> int:
        if not (0 <= asker < self.askers and 0 <= worker < self.workers):
            raise ValueError(f"no rings of asker {asker} and worker {worker} in {self}")
        return 2 * (asker * self.workers + worker) * self._ring

    @property
    def _ring(self) -> int:
        return RECORDS + max(self.in_flight * padded(self.job_bytes), padded(MAX_RECORD_BYTES))
