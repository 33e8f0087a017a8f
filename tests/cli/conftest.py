"""Running commands as a shell would."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from sidecar.cli.main import main
from sidecar.demo.workspace import Workspace, prepare
from support.commands import Run


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Return a folder with keys and a configuration."""
    return prepare(tmp_path)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs ``authz-sidecar`` in a folder of its own, and in this process.

    Starting one takes a second. Where a command starts processes or is about its own, it is ``run_process``.
    """
    monkeypatch.chdir(tmp_path)

    def command(
        *arguments: str | Path, stdin: str = "", environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["authz-sidecar", *map(str, arguments)])
        with CliRunner().isolation(stdin, environment) as (out, err, _), pytest.raises(SystemExit) as ended:
            main()
        printed, said = (stream.getvalue().decode().replace("\r\n", "\n") for stream in (out, err))
        assert isinstance(ended.value.code, int)
        return subprocess.CompletedProcess(arguments, ended.value.code, printed, said)

    return command


@pytest.fixture
def run_process(tmp_path: Path) -> Run:
    """Return a function that runs ``authz-sidecar`` as a shell would, in a folder of its own, and waits for its end."""

    def command(
        *arguments: str | Path, stdin: str = "", environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "sidecar", *map(str, arguments)],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, **(environment or {})},
            timeout=60,
            check=False,
        )

    return command
