"""What the documentation shows is so: its examples are run (doctest)."""

import doctest
import importlib
import re
from pathlib import Path

import pytest

import sidecar

_PAGE = Path(__file__).parents[2] / "docs/library.md"


@pytest.mark.parametrize("module", ["sidecar.library.authenticator"])
def test_docstrings(module: str) -> None:
    """Of modules."""
    done = doctest.testmod(importlib.import_module(module))
    assert done.attempted > 0
    assert done.failed == 0


def test_page() -> None:
    """Of the page."""
    done = doctest.testfile(str(_PAGE), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert done.attempted > 10
    assert done.failed == 0


@pytest.mark.parametrize("name", sidecar.__all__)
def test_exports(name: str) -> None:
    """All that is exported is there, and named on the page."""
    assert getattr(sidecar, name) is not None
    assert name in dir(sidecar)
    assert re.search(rf"\b{name}\b", _PAGE.read_text("utf-8"))


def test_nothing_else() -> None:
    """What is not there is no attribute."""
    with pytest.raises(AttributeError, match="Authentikator"):
        _ = sidecar.Authentikator
