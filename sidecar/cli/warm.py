"""``authz-sidecar warm``: has a running sidecar verify tokens, or restore a snapshot, before anybody asks."""

import json
from pathlib import Path

import click

from sidecar.cli.administered import Administered
from sidecar.cli.administration import administered_options
from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure
from sidecar.cli.printable import printable

_OK, _ITS_FAULT = 200, 500
_FILE = click.Path(path_type=Path)


@click.command()
@click.option("--tokens", type=_FILE, help="A file with a token a line, mode 0600: each is verified.")
@click.option("--snapshot", type=_FILE, help="A snapshot that a sidecar with the same warm_up.key_file has kept.")
@administered_options
def warm(*, sidecar: Administered, tokens: Path | None, snapshot: Path | None) -> None:
    """Fill the cache of a running sidecar.

    It reads the file itself, so the path is one of the sidecar's machine (or container). Prints how many tokens were
    verified, known already, or refused for which reason; or how many identities were restored.

    \b
    Before traffic is sent here:
      authz-sidecar warm --config authz.yaml --tokens /run/secrets/tokens.txt
      authz-sidecar warm --config authz.yaml --snapshot /var/lib/authz/cache.snapshot
    """
    if (tokens is None) is (snapshot is None):
        raise Failure("give one of --tokens and --snapshot", ExitCode.USAGE)
    path, file = ("tokens", tokens) if tokens is not None else ("snapshot", snapshot)
    assert file is not None  # noqa: S101 - for mypy
    status, text = sidecar.post(f"/warm-up/{path}", json.dumps({"file": str(file.absolute())}).encode())
    if status != _OK:
        raise Failure(text, ExitCode.UNAVAILABLE if status >= _ITS_FAULT else ExitCode.USAGE)
    click.echo(printable(text, "\n"))
