"""Where the rings of a pool are in their segment: two for each pair of a server and a verifier."""

from dataclasses import dataclass

from sidecar.memory.ring import Region
from sidecar.memory.ring_layout import LINE, RECORDS, padded
from sidecar.verify.pool.codec import VERDICT_BYTES


@dataclass(frozen=True, slots=True)
class Rings:
    """A plan that supervisor, servers and verifiers make from the same numbers.

    ``in_flight``: jobs one server may have with one verifier. There is room for so many verdicts, and for so many jobs
    of ``job_bytes`` bytes: of larger ones there is for fewer. Raises ``ValueError`` for a number below 1.
    """

    servers: int
    verifiers: int
    in_flight: int = 256
    job_bytes: int = 1024

    def __post_init__(self) -> None:
        """See that there is something to plan."""
        if min(self.servers, self.verifiers, self.in_flight, self.job_bytes) < 1:
            raise ValueError(f"{self}: at least 1 of each")

    @property
    def size(self) -> int:
        """Return how many bytes the segment needs."""
        return self.servers * self.verifiers * self._pair

    def jobs(self, server: int, verifier: int) -> Region:
        """Return the region of the jobs from ``server`` to ``verifier``, both counted from 0."""
        return Region(self._offset(server, verifier), self._jobs)

    def verdicts(self, server: int, verifier: int) -> Region:
        """Return the region of the verdicts that come back."""
        return Region(self._offset(server, verifier) + self._jobs, self._verdicts)

    def _offset(self, server: int, verifier: int) -> int:
        if not (0 <= server < self.servers and 0 <= verifier < self.verifiers):
            raise ValueError(f"no rings of server {server} and verifier {verifier} in {self}")
        return (server * self.verifiers + verifier) * self._pair

    @property
    def _jobs(self) -> int:
        return RECORDS + self.in_flight * padded(self.job_bytes)

    @property
    def _verdicts(self) -> int:
        return RECORDS + self.in_flight * padded(VERDICT_BYTES)

    @property
    def _pair(self) -> int:
        return (self._jobs + self._verdicts + LINE - 1) // LINE * LINE
