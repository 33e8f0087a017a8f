"""Samples of the last minutes, as many as there is room for."""

from collections import deque
from collections.abc import Sequence
from itertools import islice

from sidecar.report.sample import Sample

#: Seconds between two samples, and what is kept of them.
STEP_SECONDS = 5.0
KEPT_SECONDS = 900.0
#: One more than stretches: they lie between samples.
KEPT = int(KEPT_SECONDS / STEP_SECONDS) + 1


class History:
    """The last samples, the oldest first. Bounded: the oldest goes when there are ``kept`` of them."""

    def __init__(self, kept: int = KEPT) -> None:
        self._samples: deque[Sample] = deque(maxlen=kept)

    def add(self, sample: Sample) -> None:
        """Keep ``sample``; one that is not later than the last is left out, since nothing can be divided by that."""
        if not self._samples or sample.at > self._samples[-1].at:
            self._samples.append(sample)

    def until(self, at: float) -> Sequence[Sample]:
        """Return the samples that were taken before ``at``, the oldest first."""
        return tuple(islice(self._samples, sum(one.at < at for one in self._samples)))
