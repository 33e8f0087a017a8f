"""The programs, and the one package, that the benchmark needs and does not bring along."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from sidecar.demo.envoy import find_envoy

#: How to come by each; Go puts a program into $(go env GOPATH)/bin.
INSTALL = {
    "wrk": "apt-get install wrk",
    "vegeta": "go install github.com/tsenart/vegeta/v12@latest",
    "ghz": "go install github.com/bojand/ghz/cmd/ghz@latest",
    "matplotlib": "pip install matplotlib",
    "go": "see https://go.dev/doc/install",
}


_PACKAGES = ("matplotlib",)


class ToolsMissingError(RuntimeError):
    """Programs or packages that were not found. The text says how to install each."""


@dataclass(frozen=True, slots=True)
class Tools:
    """Where the programs are: a folder to look in before PATH, and OPA's binary where there is one."""

    folder: Path | None = None
    opa: Path | None = None

    def find(self, name: str) -> str | None:
        """Return the path of a program, ``None`` where there is none."""
        inside = shutil.which(name, path=str(self.folder)) if self.folder else None
        return inside or shutil.which(name)

    def path(self, name: str) -> str:
        """Return the path of a program; raises ``ToolsMissingError``."""
        found = find_envoy() if name == "envoy" else self.find(name)
        if found is None:
            raise ToolsMissingError(missing_text([name]))
        return found

    def require(self, names: Sequence[str]) -> None:
        """Raise ``ToolsMissingError`` that names all of ``names`` that are not there."""
        missing = [name for name in names if not self._is_there(name)]
        if missing:
            raise ToolsMissingError(missing_text(missing))

    def _is_there(self, name: str) -> bool:
        return find_spec(name) is not None if name in _PACKAGES else self.find(name) is not None


def missing_text(names: Sequence[str]) -> str:
    """Say what is missing and how to come by it."""
    lines = [f"  {name}: {INSTALL[name]}" for name in names]
    return "\n".join(["not on PATH, nor in the folder given with --tools:", *lines])


def output_of(command: Sequence[str], folder: Path | None = None) -> str:
    """Return what a command prints, stripped; empty where it cannot be run. For versions."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - our own commands
    except OSError:
        return ""
    return (done.stdout or done.stderr).strip()
