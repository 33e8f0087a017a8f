"""The colours of the page can be told apart from what they stand on."""

import re
from itertools import product
from pathlib import Path

import pytest

import sidecar.status

_STYLE = (Path(sidecar.status.__file__).parent / "assets/page.css").read_text(encoding="utf-8")
_SCHEMES = [dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6});", part)) for part in _STYLE.split("@media (prefers")[:2]]
_INKS = ("ink", "faint", "good", "warning", "bad", "curve")


def _luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2, definition)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("scheme", "ink", "paper"), list(product((0, 1), _INKS, ("paper", "panel"))))
def test_contrast(scheme: int, ink: str, paper: str) -> None:
    """Every colour of text has 4.5 to 1 at least against what it stands on, dark and light (WCAG 2.2, 1.4.3)."""
    lighter, darker = sorted((_luminance(_SCHEMES[scheme][name]) for name in (ink, paper)), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def test_style_loads_nothing() -> None:
    """The style names no other file, and imports none."""
    assert "url(" not in _STYLE
    assert "@import" not in _STYLE
