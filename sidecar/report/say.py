"""Figures as people write them: ``92%``, ``8 ms``, ``64 MiB``. Never nearer than anybody needs."""

from sidecar.report.figures import PoolUse, Window
from sidecar.report.standing import Setup

#: From which share on whole percents are near enough.
_WHOLE = 0.1
_DURATIONS = (
    (1e-3, 1e-6, "µs"),
    (1.0, 1e-3, "ms"),
    (120.0, 1.0, "s"),
    (7200.0, 60.0, "min"),
    (172800.0, 3600.0, "h"),
)
_DAY = 86400.0
_KIB = 1024
_SIZES = ("bytes", "KiB", "MiB", "GiB", "TiB")


def percent(share: float) -> str:
    """Return a share from 0 to 1 in percent."""
    return f"{share * 100:.0f}%" if share >= _WHOLE else f"{share * 100:.2g}%"


def duration(seconds: float) -> str:
    """Return seconds in the unit that suits them."""
    if seconds < 0:
        return f"-{duration(-seconds)}"
    for below, unit, name in _DURATIONS:
        if seconds < below:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds / _DAY:.0f} d"


def size(count: int) -> str:
    """Return bytes in the largest unit that leaves at least 1."""
    scaled, unit = float(count), 0
    while scaled >= _KIB and unit < len(_SIZES) - 1:
        scaled, unit = scaled / _KIB, unit + 1
    return f"{scaled:.4g} {_SIZES[unit]}"


def size_setting(count: int) -> str:
    """Return bytes as a setting has them: ``128MiB``; whole units, rounded up."""
    for name, unit in (("GiB", _KIB**3), ("MiB", _KIB**2), ("KiB", _KIB)):
        if count >= unit and count % unit == 0:
            return f"{count // unit}{name}"
    return str(count)


def rate(per_second: float) -> str:
    """Return how often in a second."""
    return f"{per_second:.0f}/s" if per_second >= 10 else f"{per_second:.2g}/s"  # noqa: PLR2004 - two digits


def over(window: Window) -> str:
    """Return how long a window is."""
    return f"over {duration(window.seconds)}"


def within(pool: PoolUse, setup: Setup) -> str:
    """Return between how many processes a pool may have, where that changes by itself: `` (1-4)``; else nothing."""
    if pool.pool != "verifier" or setup.verifiers_max is None:
        return ""
    return f" ({setup.fewest_verifiers}-{setup.verifiers_max + setup.jwt_verifiers})"


def many(count: int, one: str, more: str = "") -> str:
    """Return a count with its noun: ``1 CPU``, ``2 CPUs``."""
    return f"{count} {one if count == 1 else more or f'{one}s'}"
