"""A curve as a path of SVG, and as blocks of a terminal. Both begin at 0, and end at the highest value."""

from collections.abc import Sequence

from sidecar.status.view import Curve

#: The picture's own units: what it is scaled to is the stylesheet's to say.
WIDTH, HEIGHT = 300, 40
#: Seconds that a curve goes back, at the most and at the least.
LONGEST, SHORTEST = 900.0, 60.0
_BLOCKS = "▁▂▃▄▅▆▇█"

Points = Sequence[tuple[float, float | None]]


def path(curve: Curve) -> str:
    """Return the ``d`` of a path (SVG 2, section 9.3); it has a gap where a value is not known."""
    top, span = _highest(curve.points), _span(curve.points)
    parts, pen_is_down = list[str](), False
    for age, value in curve.points:
        if value is None or not 0 <= age <= span:
            pen_is_down = False
            continue
        x = WIDTH * (1 - age / span)
        y = HEIGHT - 1 - (HEIGHT - 2) * (max(value, 0.0) / top if top else 0.0)
        # A line to where it begins: one point alone is seen as well.
        parts.append(f"{'L' if pen_is_down else f'M{x:.1f},{y:.1f}L'}{x:.1f},{y:.1f}")
        pen_is_down = True
    return "".join(parts)


def blocks(points: Points, width: int) -> str:
    """Return the last ``width`` points as blocks, a space for what is not known."""
    last = points[-width:] if width > 0 else ()
    top = _highest(last)
    return "".join(_block(value, top) for _, value in last).rjust(max(width, 0))


def _block(value: float | None, top: float) -> str:
    if value is None:
        return " "
    if value <= 0 or top <= 0:
        return _BLOCKS[0]
    return _BLOCKS[min(len(_BLOCKS) - 1, int(value / top * len(_BLOCKS)))]


def _span(points: Points) -> float:
    """Return how far back there is anything, so that a sidecar that began a minute ago has a curve as well."""
    oldest = max((age for age, value in points if value is not None), default=0.0)
    return min(max(oldest, SHORTEST), LONGEST)


def _highest(points: Points) -> float:
    return max((value for _, value in points if value is not None), default=0.0)
