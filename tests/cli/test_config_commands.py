"""``check-config``, ``serve`` with a wrong configuration, and the command line itself."""

import socket

import pytest

from sidecar.cli.main import cli
from sidecar.demo.workspace import Workspace
from support.commands import Run


def test_good_configuration_is_summed_up(run: Run, workspace: Workspace) -> None:
    """A good configuration ends with 0 and says what it trusts."""
    done = run("check-config", workspace.config)
    assert done.returncode == 0, done.stderr
    assert "issuer https://idp.demo.example: 1 key(s), EdDSA" in done.stdout
    assert "policies: 1 deny, 2 allow; 1 public operation(s)" in done.stdout


@pytest.mark.parametrize("command", [("check-config",), ("serve", "--config"), ("token", "verify", "--config")])
def test_wrong_configuration_ends_with_2(run: Run, workspace: Workspace, command: tuple[str, ...]) -> None:
    """A wrong configuration ends every command with 2 and file, line, field; nothing is started."""
    text = workspace.config.read_text(encoding="utf-8").replace("audiences", "audience")
    workspace.config.write_text(text, encoding="utf-8")
    refused = run(*command, workspace.config)
    assert refused.returncode == 2
    assert (
        f"{workspace.config}:9:5: issuers[0].audience: is no field here (did you mean 'audiences'?)" in refused.stderr
    )
    assert "answering checks" not in refused.stderr
    assert not (workspace.folder / "authz.sock").exists()


def test_missing_file_is_said(run: Run) -> None:
    """A configuration that is not there is a usage error."""
    refused = run("check-config", "missing.yaml")
    assert refused.returncode == 2
    assert refused.stderr == "missing.yaml: cannot be read: No such file or directory\n"


def test_taken_port_ends_with_3(run_process: Run, workspace: Workspace) -> None:
    """A port that another process has is not shared with it: serve ends with 3."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        listen = f"127.0.0.1:{other.getsockname()[1]}"
        refused = run_process("serve", "--config", workspace.config, environment={"AUTHZ_LISTEN": listen})
    assert refused.returncode == 3
    assert f"cannot listen: {listen}" in refused.stderr


def test_live_socket_is_not_taken_over(run_process: Run, workspace: Workspace) -> None:
    """A Unix socket on which somebody listens is left to them: serve ends with 3."""
    path = workspace.socket.removeprefix("unix:")
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(path)
        other.listen()
        refused = run_process("serve", "--config", workspace.config)
    assert refused.returncode == 3
    assert "another server already listens there" in refused.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(run_process: Run, shell: str) -> None:
    """A completion script for each shell names the command."""
    done = run_process("completion", shell)
    assert done.returncode == 0
    assert "_AUTHZ_SIDECAR_COMPLETE" in done.stdout


def test_help_documents_the_exit_codes(run: Run) -> None:
    """--help lists every command and every exit code."""
    shown = run("--help").stdout
    for command in ("serve", "check-config", "token", "keys", "demo", "completion"):
        assert command in shown
    for code in ("0", "1", "2", "3", "130"):
        assert f"\n    {code} " in shown


@pytest.mark.parametrize("command", ["serve", "check-config", "demo", "completion"])
def test_every_command_has_an_example(run: Run, command: str) -> None:
    """--help of a command ends with an example that can be copied."""
    assert f"authz-sidecar {command}" in run(command, "--help").stdout.partition("Example:")[2]


def test_command_table_is_true() -> None:
    """Every command in the lazy table can be loaded under its own name."""
    context = cli.make_context("authz-sidecar", [], resilient_parsing=True)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        assert command.name == name
