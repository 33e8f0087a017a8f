"""Values as Grafana shows them, or nearly so."""

import time
from collections.abc import Sequence

from authz_monitoring.panel import Unit

_SECONDS: Sequence[tuple[float, float, str]] = (
    (1e-3, 1e6, "µs"),
    (1, 1e3, "ms"),
    (120, 1, "s"),
    (7200, 1 / 60, "min"),
    (172_800, 1 / 3600, "h"),
    (float("inf"), 1 / 86_400, "d"),
)


def shown(value: float, unit: Unit) -> str:
    """Return a value with its unit."""
    if unit is Unit.SHARE:
        return f"{value:.3g}".rstrip(".") if value == 0 else f"{100 * value:.3g} %"
    if unit is Unit.SECONDS:
        return _seconds(value)
    if unit is Unit.TIME:
        return f"{_seconds(abs(value / 1000 - time.time()))} {'ago' if value / 1000 < time.time() else 'ahead'}"
    if unit is Unit.BYTES:
        return f"{value / 2**20:.3g} MiB"
    if unit is Unit.PERCENT:
        return f"{value:.3g} %"
    return f"{value:.3g}/s" if unit is Unit.PER_SECOND else f"{value:.4g}"


def _seconds(value: float) -> str:
    if value == 0:
        return "0 s"
    times, word = next((times, word) for below, times, word in _SECONDS if value < below or below == float("inf"))
    return f"{value * times:.3g} {word}"
