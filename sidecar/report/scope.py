"""What alerts and advice look at: a report, and when there is enough of it to say anything."""

from collections.abc import Iterator
from dataclasses import dataclass

from sidecar.report.figures import ProcessUse, Window
from sidecar.report.model import Report
from sidecar.report.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class Scope:
    """A report under thresholds. What is not yet known for long enough is ``None``, and nothing follows from it."""

    report: Report
    limits: Thresholds

    def window(self, name: str) -> Window | None:
        """Return a window, if it covers ``min_seconds``; else nothing can be said of it."""
        found = next((one for one in self.report.windows if one.name == name), None)
        return found if found is not None and found.seconds >= self.limits.min_seconds else None

    @property
    def recent(self) -> Window | None:
        """Return the last 5 minutes, which most is said of: one odd minute is no news."""
        return self.window("5m")

    def enough(self, count: int) -> bool:
        """Say whether a share can be made of so many."""
        return count >= self.limits.min_checks

    @property
    def idle_cpus(self) -> int | None:
        """Return how many whole CPUs nobody uses; ``None`` where that is not known."""
        idle = self.report.machine.cpu_idle
        return None if idle is None or self.window("1m") is None else max(0, int(idle))


def servers(window: Window) -> Iterator[ProcessUse]:
    """Yield the servers."""
    return (one for one in window.processes if one.role == "server")
