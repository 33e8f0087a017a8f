"""What the package may know."""

import ast
import sys
from pathlib import Path

import pytest

import sidecar.placement

_FILES = sorted(Path(sidecar.placement.__path__[0]).glob("*.py"))


def _imported(path: Path) -> set[str]:
    names = set()
    for statement in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(statement, ast.Import):
            names |= {alias.name for alias in statement.names}
        elif isinstance(statement, ast.ImportFrom):
            assert statement.level == 0
            names.add(statement.module or "")
    return names


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_package_stands_alone(path: Path) -> None:
    """Every file imports the standard library and its own package alone, and no logging: the supervisor may have it."""
    others = {name for name in _imported(path) if not name.startswith("sidecar.placement.")}
    assert {name.partition(".")[0] for name in others} <= sys.stdlib_module_names - {"logging", "asyncio"}
