"""``authz-sidecar``: the group of all commands, loaded when they are asked for."""

import importlib
import sys

import click

from sidecar.cli.exit_codes import HELP, ExitCode

#: Command -> module and attribute. Loaded lazily: ``token mint`` needs no gRPC, and starts in a fifth of the time.
_COMMANDS = {
    "serve": "sidecar.cli.serve:serve",
    "agent": "sidecar.cli.agent:agent",
    "check-config": "sidecar.cli.check_config:check_config",
    "token": "sidecar.cli.token:token",
    "keys": "sidecar.cli.keys:keys",
    "policy": "sidecar.cli.policy:policy",
    "doctor": "sidecar.cli.doctor:doctor",
    "report": "sidecar.cli.report:report_command",
    "revoke": "sidecar.cli.revoke:revoke",
    "warm": "sidecar.cli.warm:warm",
    "schema": "sidecar.cli.schema:schema",
    "envoy": "sidecar.cli.envoy:envoy",
    "top": "sidecar.cli.top:top",
    "status": "sidecar.cli.status:status",
    "health": "sidecar.cli.health:health",
    "demo": "sidecar.cli.demo:demo",
    "completion": "sidecar.cli.completion:completion",
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)  # noqa: S101 - the table above is ours
        return command


@click.group(
    cls=_LazyGroup,
    epilog=HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="ext-authz-sidecar", prog_name="authz-sidecar")
def cli() -> None:
    """External authorization for Envoy: checks bearer tokens, decides by policy.

    \b
    Try it, with a real Envoy:       authz-sidecar demo
    Check a configuration:           authz-sidecar check-config authz.yaml
    Run beside Envoy:                authz-sidecar serve --config authz.yaml
    """


def main() -> None:
    """Run the command line."""
    if sys.platform == "win32":
        sys.exit("authz-sidecar runs on Linux (macOS for development), not on Windows; use WSL 2 or a container")
    sys.exit(_run())


def _run() -> int:
    # Not click's own way to end, which has 1 for Ctrl-C: here 1 is an answer.
    try:
        code = cli.main(prog_name="authz-sidecar", standalone_mode=False)
    except click.Abort:
        return ExitCode.INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    return code if isinstance(code, int) else ExitCode.OK
