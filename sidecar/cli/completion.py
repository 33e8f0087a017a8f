"""``authz-sidecar completion``."""

import click
from click.shell_completion import get_completion_class

from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a completion script for SHELL.

    \b
    Example:
      authz-sidecar completion bash >~/.local/share/bash-completion/completions/authz-sidecar
      authz-sidecar completion zsh >"${fpath[1]}/_authz-sidecar"
      authz-sidecar completion fish >~/.config/fish/completions/authz-sidecar.fish
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise Failure(f"no completion for {shell}", ExitCode.UNAVAILABLE)
    click.echo(kind(ctx.find_root().command, {}, "authz-sidecar", "_AUTHZ_SIDECAR_COMPLETE").source())
