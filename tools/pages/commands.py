"""docs/cli.md: every command's own help, one after the other: ``python -m pages.commands``."""

from collections.abc import Iterator

import click

from sidecar.cli.main import cli

_WIDTH = 100
_HEAD = """\
# Commands

What `--help` prints of each: `make docs` makes this page. Exit codes, told first, are the same for all.
"""


def contexts(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[click.Context]:
    """Yield a context for a command, and for all below it, in the order in which help lists them."""
    settings = {**command.context_settings, "terminal_width": _WIDTH, "max_content_width": _WIDTH}
    context = click.Context(command, info_name=name, parent=parent, **settings)
    yield context
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            below = command.get_command(context, each)
            if below is not None and not below.hidden:
                yield from contexts(below, each, context)


def page() -> str:
    """Return the page."""
    parts = [_HEAD]
    for context in contexts(cli, "authz-sidecar"):
        lines = (line.rstrip() for line in context.get_help().splitlines())
        parts.append("\n".join([f"## {context.command_path}", "", "```text", *lines, "```", ""]))
    return "\n".join(parts)


if __name__ == "__main__":
    click.echo(page(), nl=False)
