"""``authz-sidecar top``."""

from functools import partial

import click
from rich.console import Console

from sidecar.cli.administered import Administered
from sidecar.cli.administration import administered_options
from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure
from sidecar.observe.printable import printable
from sidecar.report.model import Report
from sidecar.report.wire import WireError, decode
from sidecar.top.following import LostError
from sidecar.top.run import once, run


@click.command()
@administered_options
@click.option(
    "--interval",
    type=click.FloatRange(0.2, 3600),
    default=2.0,
    show_default=True,
    help="Seconds between two questions.",
)
@click.option("--once", "only_once", is_flag=True, help="Print one frame and end.")
def top(*, sidecar: Administered, interval: float, only_once: bool) -> None:
    """Show how a running sidecar fares, live: checks, latency, reasons, pools, caches, keys, processes, advice.

    q quits, space pauses. Where nobody answers it says so, and goes on trying. What is shown is the report that
    'authz-sidecar report' prints.

    \b
    Examples:
      authz-sidecar top --config authz.yaml
      authz-sidecar top --against unix:/run/authz/admin.sock --once
      authz-sidecar top --against https://authz.example:9193 --admin-ca-file ca.pem --admin-token-file token
    """
    console = Console(highlight=False, markup=False, emoji=False)
    if only_once:
        try:
            once(console, _report(sidecar), sidecar.address)
        except LostError as error:
            raise Failure(f"{sidecar.address}: {error}", ExitCode.UNAVAILABLE) from None
    elif not console.is_terminal:
        raise Failure("standard output is no terminal: give --once for one frame", ExitCode.USAGE)
    else:
        run(console, partial(_report, sidecar), interval, sidecar.address)


def _report(sidecar: Administered) -> Report:
    """Ask for a report; raises ``LostError``."""
    try:
        return decode(sidecar.get("/report").encode())
    except Failure as failure:
        raise LostError(printable(failure.format_message())) from None
    except WireError as error:
        raise LostError(printable(str(error))) from None
