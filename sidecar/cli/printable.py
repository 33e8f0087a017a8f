"""Printing text of others on an operator's terminal."""

import click

from sidecar.observe.printable import printable

__all__ = ["echo_line", "printable"]


def echo_line(text: str) -> None:
    """Print one line, whatever is in it."""
    click.echo(printable(text))
