"""``authz-sidecar report``: asks a running sidecar how it fares, and shows it."""

import json
import time
from typing import Final

import click
from rich.console import Console

from sidecar.cli.administered import Administered
from sidecar.cli.administration import administered_options
from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure
from sidecar.cli.report_tables import tables
from sidecar.report.alerts import ORDER
from sidecar.report.model import Report, Severity
from sidecar.report.wire import WireError, decode

#: Columns where the output is no terminal: wide enough for every row.
PIPED_WIDTH: Final = 140
#: Seconds between two reports at the least: each takes the sidecar some milliseconds.
_LEAST_SECONDS: Final = 1.0


@click.command("report")
@administered_options
@click.option("--json", "as_json", is_flag=True, help="Print the sidecar's JSON (docs/report.md).")
@click.option("--watch", metavar="SECONDS", default="no", help="Again and again, so often, until Ctrl-C. Default: no.")
@click.option(
    "--fail-on-alert",
    is_flag=False,
    flag_value="warning",
    type=click.Choice(["warning", "critical"]),
    help="End with 1 where there is an alert of this severity, or a worse one.",
)
def report_command(*, sidecar: Administered, as_json: bool, watch: str, fail_on_alert: str | None) -> None:
    """Show how a running sidecar fares: rates, caches, pools, processes, keys, alerts, and what to do about them.

    \b
    Examples:
      authz-sidecar report --config authz.yaml
      authz-sidecar report --against unix:/run/authz/admin.sock --fail-on-alert critical
    """
    every = _seconds(watch)
    while True:
        found = _show(sidecar, as_json=as_json)
        if fail_on_alert is not None and is_alarming(found, Severity(fail_on_alert)):
            raise click.exceptions.Exit(ExitCode.NO)
        if every is None:
            break
        time.sleep(every)


def is_alarming(report: Report, least: Severity) -> bool:
    """Say whether a report has an alert of a severity, or of a worse one."""
    return any(ORDER.index(one.severity) <= ORDER.index(least) for one in report.alerts)


def _show(sidecar: Administered, *, as_json: bool) -> Report:
    text = sidecar.get("/report")
    try:
        found = decode(text.encode())
    except WireError as error:
        raise Failure(f"{sidecar.address}: {error}", ExitCode.UNAVAILABLE) from None
    if as_json:
        # Made anew, in ASCII: nothing that steers a terminal comes through.
        click.echo(json.dumps(json.loads(text), indent=2))
    else:
        terminal = Console()
        console = terminal if terminal.is_terminal else Console(width=PIPED_WIDTH)
        for part in tables(found):
            console.print(part)
    return found


def _seconds(watch: str) -> float | None:
    if watch == "no":
        return None
    try:
        seconds = float(watch)
    except ValueError:
        seconds = 0.0
    if not _LEAST_SECONDS <= seconds <= 3600:  # noqa: PLR2004 - an hour
        raise Failure(f"--watch {watch!r}: write seconds, from 1 to 3600, or 'no'", ExitCode.USAGE)
    return seconds
