"""``authz-sidecar policy diff``."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from sidecar.cli.configuration import load_settings
from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure
from sidecar.cli.printable import echo_line, printable
from sidecar.core.strict_json import Json, JsonError, loads_object
from sidecar.replay.asked import Policies, policies_of
from sidecar.replay.compare import Change, Difference, compare
from sidecar.replay.formats import lines_of
from sidecar.replay.report import lines, members

_FILE = click.Path(path_type=Path)


@click.command("diff")
@click.argument("old", type=_FILE)
@click.argument("new", type=_FILE)
@click.option(
    "--requests",
    "log",
    required=True,
    type=click.Path(path_type=Path, allow_dash=True),
    help="A log; - for standard input.",
)
@click.option("--claims", help="The identity of requests of which the log knows none, a JSON object.")
@click.option("--examples", default=3, show_default=True, type=click.IntRange(0, 1000), help="Shown of each change.")
@click.option("--strict", is_flag=True, help="Exit code 1 also where something cannot be told or read.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def diff_command(  # noqa: PLR0913 - one an option
    old: Path, new: Path, log: Path, claims: str | None, examples: int, *, strict: bool, as_json: bool
) -> None:
    """Decide on the requests of a log under two configurations, and say what would change.

    The log has a request a line: JSON with the fields that docs/policy-tools.md names, or Envoy's access log, as JSON
    or in its default format. What a decision hangs on and the log does not have is not guessed: such requests are
    counted as "cannot be told", with what is missing. No keys are needed and no token is looked at: one that the log
    does not call missing is taken to be good.

    Exit code 0: no decision would change; 1: some would.

    \b
    Example:
      authz-sidecar policy diff authz.yaml authz-new.yaml --requests access.log --claims '{"groups": ["staff"]}'
    """
    before, after = _policies(old), _policies(new)
    given = None if claims is None else _claims(claims)
    with _opened(log) as file:
        found = compare(lines_of(file), before, after, claims=given, examples=examples)
    if not found.requests:
        raise Failure(f"{log}: {_why(found)}", ExitCode.USAGE)
    if as_json:
        click.echo(json.dumps(members(found), indent=2))
    else:
        for line in lines(found, str(log)):
            echo_line(line)
    if found.changes or (strict and (found.counts[Change.UNTOLD] or found.unreadable)):
        raise click.exceptions.Exit(ExitCode.NO)


def _policies(path: Path) -> Policies:
    return policies_of(load_settings(path))


def _claims(text: str) -> dict[str, Json]:
    try:
        return dict(loads_object(text.encode()))
    except JsonError as error:
        raise Failure(f"--claims: not a JSON object: {error}", ExitCode.USAGE) from None


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    if str(path) == "-":
        yield sys.stdin.buffer
        return
    try:
        file = path.open("rb")
    except OSError as error:
        raise Failure(f"{path}: cannot be read: {error.strerror}", ExitCode.USAGE) from None
    with file:
        yield file


def _why(found: Difference) -> str:
    if found.first_unreadable is None:
        return "has no request in it"
    line, why = found.first_unreadable
    return f"no line could be read as a request; line {line}: {printable(why)}"
