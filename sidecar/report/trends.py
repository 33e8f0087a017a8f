"""Where figures are heading: the last minute against the last 15."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from sidecar.report.figures import Window
from sidecar.report.model import Direction, Trend

#: Seconds that there must be samples of: less, and the windows are nearly one.
_ENOUGH_SECONDS: Final = 300.0
#: By how much the last minute must differ from the 15 to be a direction, as a share of the larger one.
_MATTERS: Final = 0.25
#: What differs by less is steady, whatever the share: one check a minute is no trend.
_FLOORS: Final = {"1/s": 0.1, "share": 0.005, "s": 1e-5, "CPUs": 0.05}

_Figure = Callable[[Window], float | None]


def _busy(window: Window) -> float | None:
    return max((one.busy_share for one in window.pools if one.busy_share is not None), default=None)


def _cpu(window: Window) -> float | None:
    found = [one.cpu_share for one in window.processes if one.cpu_share is not None]
    return sum(found) if found else None


_FIGURES: Final[Mapping[str, tuple[str, _Figure]]] = {
    "checks": ("1/s", lambda one: one.checks.per_second),
    "denied": ("share", lambda one: one.checks.denied_share),
    "errors": ("share", lambda one: one.checks.error_share),
    "forged": ("share", lambda one: one.checks.forged_share),
    "latency_p50": ("s", lambda one: one.checks.latency.p50_seconds),
    "latency_p95": ("s", lambda one: one.checks.latency.p95_seconds),
    "latency_p99": ("s", lambda one: one.checks.latency.p99_seconds),
    "cache_hits": ("share", lambda one: one.hit_ratio),
    "verifications": ("1/s", lambda one: one.verifications.per_second),
    "busiest_pool": ("share", _busy),
    "cpu": ("CPUs", _cpu),
}


def trends(windows: Mapping[str, Window]) -> Iterator[Trend]:
    """Yield the trend of each figure; ``windows`` are those of 1, 5 and 15 minutes, by name."""
    for name, (unit, figure) in _FIGURES.items():
        last_1m, last_5m, last_15m = (
            figure(found) if (found := windows[span]).seconds > 0 else None for span in ("1m", "5m", "15m")
        )
        known = windows["15m"].seconds >= _ENOUGH_SECONDS
        heading = direction(last_1m, last_15m, _FLOORS[unit]) if known else Direction.UNKNOWN
        yield Trend(name, unit, last_1m, last_5m, last_15m, heading)


def direction(recent: float | None, before: float | None, floor: float) -> Direction:
    """Return where a figure is heading that was ``before`` and is ``recent``."""
    if recent is None or before is None:
        return Direction.UNKNOWN
    if abs(recent - before) <= max(floor, _MATTERS * max(abs(recent), abs(before))):
        return Direction.STEADY
    return Direction.RISING if recent > before else Direction.FALLING
