"""How busy pools and machine were lately, from samples of numbers that only grow."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sidecar.observe.pool_series import Pool

#: Seconds over which is looked back.
WINDOW: Final = 15.0


@dataclass(frozen=True, slots=True)
class Sample:
    """At one moment, in seconds of CLOCK_MONOTONIC. What the machine did is in a unit of its own."""

    at: float
    busy: Mapping[Pool, float]  #: seconds
    machine_busy: int = 0
    machine_total: int = 0  #: 0 where it is not known


class Usage:
    """Samples of the last ``WINDOW`` seconds. Nothing is known before there are two."""

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque()

    def note(self, sample: Sample) -> None:
        """Take in a sample."""
        self._samples.append(sample)
        # The oldest is the first that is not younger than the window.
        while len(self._samples) > 2 and self._samples[1].at <= sample.at - WINDOW:  # noqa: PLR2004 - two it takes
            self._samples.popleft()

    def of(self, pool: Pool, processes: int) -> float | None:
        """Return the share of its time, from 0 to 1, in which each of so many processes worked on the average."""
        seconds = self._last.at - self._first.at if self._samples else 0.0
        if seconds <= 0 or not processes:
            return None
        return _share(self._last.busy[pool] - self._first.busy[pool], seconds * processes)

    @property
    def machine_percent(self) -> float | None:
        """Return the CPU in use, from 0 to 100 for all processors of the machine together."""
        if not self._samples or not self._first.machine_total:
            return None
        total = self._last.machine_total - self._first.machine_total
        return 100 * _share(self._last.machine_busy - self._first.machine_busy, total) if total > 0 else None

    @property
    def _first(self) -> Sample:
        return self._samples[0]

    @property
    def _last(self) -> Sample:
        return self._samples[-1]


def _share(part: float, whole: float) -> float:
    # A batch is counted when it ends, and may have begun before: so more than all is possible for a moment.
    return min(max(part / whole, 0.0), 1.0)
