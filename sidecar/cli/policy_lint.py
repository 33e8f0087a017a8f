"""``authz-sidecar policy lint``."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from sidecar.cli.configuration import config_option, load
from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.printable import echo_line
from sidecar.core.strict_json import Json
from sidecar.lint import lint
from sidecar.lint.finding import Placed


@click.command("lint")
@config_option
@click.option("--strict", is_flag=True, help="Exit code 1 where something is found that the document does not accept.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def lint_command(config: Path, *, strict: bool, as_json: bool) -> None:
    """Look for policies that are valid, and hardly what was meant (docs/policy-lint.md has the codes).

    What is wrong, rather than odd, check-config refuses, and so does this. A finding is accepted by a comment on its
    line, or on the line before it: '# lint: accept allow-all'.

    \b
    Example:
      authz-sidecar policy lint --config authz.yaml --strict
    """
    configuration, loaded = load(config)
    found = lint(configuration, loaded.trust.policy)
    if as_json:
        click.echo(json.dumps(list(map(_members, found)), indent=2))
    else:
        _print(found)
    if strict and not all(one.accepted for one in found):
        raise click.exceptions.Exit(ExitCode.NO)


def _print(found: Sequence[Placed]) -> None:
    for one in found:
        if not one.accepted:
            echo_line(str(one))
    accepted = sum(one.accepted for one in found)
    click.echo(f"{len(found) - accepted} finding(s), {accepted} accepted")


def _members(one: Placed) -> dict[str, Json]:
    finding = asdict(one.finding)
    words: dict[str, Json] = {name: str(finding[name]) for name in ("code", "what", "why", "write")}
    return {
        **words,
        "file": one.file,
        "line": one.line,
        "column": one.column,
        "field": one.name,
        "accepted": one.accepted,
    }
