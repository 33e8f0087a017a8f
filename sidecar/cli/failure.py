"""Ending a command with a message for people and an exit code for scripts."""

from pathlib import Path
from typing import IO, Any

import click

from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.printable import printable


class Failure(click.ClickException):
    """A command that ends early; click prints the message on standard error."""

    def __init__(self, message: str, code: ExitCode) -> None:
        super().__init__(message)
        # click declares a class variable, and reads the instance's.
        vars(self)["exit_code"] = int(code)

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message, each line as it is, so that ``file:line:column`` stays first on its line."""
        click.echo(printable(self.format_message(), "\n"), file=file, err=file is None)


def read_file(path: Path) -> bytes:
    """Return a file's bytes; raises ``Failure`` (USAGE) where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Failure(f"{path}: cannot be read: {error.strerror}", ExitCode.USAGE) from None
