"""Numbers as people read them: three digits or so, with a unit. ``None`` is unknown, and never 0."""

from collections.abc import Callable
from datetime import UTC, datetime
from math import isfinite

from sidecar.status.view import UNKNOWN

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_KIB = 1024.0
_SMALLEST_SHARE = 0.0005


def count(value: int | None) -> str:
    """Return a number of things: 12,345."""
    return UNKNOWN if value is None else f"{value:,}"


def number(value: float | None) -> str:
    """Return a number with the digits that matter: 0, 0.05, 1.25, 12.5, 125, 1,250."""
    if value is None or not isfinite(value):
        return UNKNOWN
    if value == 0:
        return "0"
    size = abs(value)
    if size < 0.01:  # noqa: PLR2004 - less than can be shown
        return "<0.01" if value > 0 else ">-0.01"
    decimals = 0 if size >= 99.95 else 1 if size >= 9.995 else 2  # noqa: PLR2004 - where a digit more would come
    return f"{value:,.{decimals}f}"


def rate(value: float | None) -> str:
    """Return how many there are a second."""
    return UNKNOWN if value is None else f"{number(value)}/s"


def share(value: float | None) -> str:
    """Return a share from 0 to 1 in per cent; never 0 or 100 % for what is not."""
    if value is None or not isfinite(value):
        return UNKNOWN
    if 0 < value < _SMALLEST_SHARE:
        return "<0.1%"
    if 1 - _SMALLEST_SHARE < value < 1:
        return ">99.9%"
    return f"{100 * value:.1f}%" if 0 < value < 1 else f"{100 * value:.0f}%"


def duration(seconds: float | None) -> str:
    """Return how long something takes: 12.5 µs, 1.25 ms, 2.00 s."""
    if seconds is None or not isfinite(seconds):
        return UNKNOWN
    if seconds == 0:
        return "0"
    # As it will be rounded: 999.96 µs are 1 ms.
    for unit, factor in (("µs", 1e6), ("ms", 1e3)):
        if abs(seconds) * factor < 999.5:  # noqa: PLR2004 - where the next unit begins
            return f"{number(seconds * factor)} {unit}"
    return f"{number(seconds)} s"


def span(seconds: float | None) -> str:
    """Return a time that passes, in two units at the most: 42 s, 12 min 5 s, 3 h 12 min, 5 d 3 h."""
    if seconds is None or not isfinite(seconds):
        return UNKNOWN
    sign, whole = ("-" if seconds <= -1 else ""), int(abs(seconds))
    if whole < _MINUTE:
        return f"{sign}{whole} s"
    for size, name, below, part in ((_DAY, "d", _HOUR, "h"), (_HOUR, "h", _MINUTE, "min"), (_MINUTE, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // below
            return f"{sign}{whole // size:,} {name}" + (f" {rest} {part}" if rest else "")
    raise AssertionError(whole)


def size(value: int | None) -> str:
    """Return a number of bytes."""
    if value is None:
        return UNKNOWN
    if abs(value) < _KIB:
        return f"{value} B"
    scaled = float(value)
    for unit in ("KiB", "MiB", "GiB"):
        scaled /= _KIB
        if abs(scaled) < 999.5:  # noqa: PLR2004 - where the next unit begins
            return f"{number(scaled)} {unit}"
    return f"{number(scaled / _KIB)} TiB"


def cpus(value: float | None) -> str:
    """Return CPUs: 1 is one of them, all of the time."""
    return UNKNOWN if value is None else f"{value:.2f}"


def moment(seconds: float) -> str:
    """Return a time of day with its date, in UTC; seconds since the epoch."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return UNKNOWN


def of_unit(value: float | None, unit: str) -> str:
    """Return a figure of a report in its unit: 1/s, share, s, CPUs, bytes, or any other, which is put behind it."""
    if value is None or not isfinite(value):
        return UNKNOWN
    said = _OF_UNIT.get(unit)
    return f"{number(value)} {unit}".rstrip() if said is None else said(value)


_OF_UNIT: dict[str, Callable[[float], str]] = {
    "1/s": rate,
    "share": share,
    "s": duration,
    "CPUs": lambda value: f"{cpus(value)} CPUs",
    "bytes": lambda value: size(int(value)),
}
