"""Curves: paths that stay in their picture, and blocks."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.status.curve import HEIGHT, LONGEST, WIDTH, blocks, path
from sidecar.status.view import Curve

_VALUES = st.none() | st.floats(allow_nan=False, allow_infinity=False, width=32)
_POINTS = st.lists(st.tuples(st.floats(0, 2 * LONGEST), _VALUES), max_size=40)
_STEP = re.compile(r"([ML])([0-9.]+),([0-9.]+)")


def _curve(points: list[tuple[float, float | None]]) -> Curve:
    return Curve("k", "l", tuple(points), "t")


@settings(max_examples=50)
@given(_POINTS)
def test_path_stays_in_its_picture(points: list[tuple[float, float | None]]) -> None:
    """Whatever the values are, the path is moves and lines within the picture."""
    found = path(_curve(points))
    steps = _STEP.findall(found)
    assert "".join(f"{letter}{x},{y}" for letter, x, y in steps) == found
    assert all(0 <= float(x) <= WIDTH and 0 <= float(y) <= HEIGHT for _, x, y in steps)


def test_gap() -> None:
    """A value that is not known is a gap, and neither 0 nor a line across."""
    found = path(_curve([(10.0, 1.0), (5.0, None), (0.0, 2.0)]))
    assert [letter for letter, _, _ in _STEP.findall(found)] == ["M", "L", "M", "L"]
    assert path(_curve([(0.0, None)])) == ""


def test_highest_is_at_the_top() -> None:
    """The highest value touches the top, and 0 the bottom."""
    steps = _STEP.findall(path(_curve([(5.0, 0.0), (0.0, 8.0)])))
    assert (float(steps[0][2]), float(steps[-1][2])) == (HEIGHT - 1, 1.0)


def test_blocks() -> None:
    """The newest stand at the right; what is not known is a space."""
    assert blocks([(2.0, 0.0), (1.0, None), (0.0, 8.0)], 5) == "  ▁ █"
    assert blocks([(2.0, 1.0), (1.0, 4.0), (0.0, 8.0)], 2) == "▅█"
    assert blocks([], 3) == "   "
    assert blocks([(0.0, 1.0)], 0) == ""


@settings(max_examples=50)
@given(_POINTS, st.integers(0, 50))
def test_blocks_are_as_wide_as_wanted(points: list[tuple[float, float | None]], width: int) -> None:
    """Whatever the values are."""
    assert len(blocks(points, width)) == width
