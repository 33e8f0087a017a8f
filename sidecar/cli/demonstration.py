"""What ``authz-sidecar demo`` does: takes the extra 'demo', which an installation may not have."""

import shlex
import tempfile
import time
from pathlib import Path

import click
from rich.console import Console

from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure
from sidecar.demo.client import send
from sidecar.demo.envoy import EnvoyMissingError
from sidecar.demo.process import ProcessError
from sidecar.demo.stack import Stack
from sidecar.demo.table import console, results_table
from sidecar.demo.tour import tour
from sidecar.demo.workspace import Workspace, prepare


def demonstrate(*, once: bool) -> None:
    """Run it until Ctrl-C, or ``once``; raises ``Failure`` where an answer is not as expected, or nothing starts."""
    screen = console()
    with tempfile.TemporaryDirectory(prefix="authz-") as folder:
        workspace = prepare(Path(folder))
        try:
            with Stack(workspace) as stack:
                _run(screen, stack, once=once)
        except (EnvoyMissingError, ProcessError) as error:
            raise Failure(str(error), ExitCode.UNAVAILABLE) from None


def _run(screen: Console, stack: Stack, *, once: bool) -> None:
    results = [(stop, send(stack.envoy.port, stop.call)) for stop in tour(stack.workspace)]
    screen.print(results_table(results))
    unexpected = sum(not stop.is_as_expected(answer) for stop, answer in results)
    screen.print(f"{len(results) - unexpected} of {len(results)} answers as expected")
    if not once:
        _stay(screen, stack)
    if unexpected:
        raise Failure(f"{unexpected} answer(s) not as expected", ExitCode.NO)


def _stay(screen: Console, stack: Stack) -> None:
    workspace: Workspace = stack.workspace
    command = ["curl", "-i", "-H", f"Authorization: Bearer {workspace.token()}"]
    command.append(f"http://127.0.0.1:{stack.envoy.port}/orders/42")
    screen.print(f"\nConfiguration and logs: {workspace.folder}", soft_wrap=True)
    screen.print("Try it yourself (the token is good for an hour), end with Ctrl-C:")
    # print(), not rich: a token must not be wrapped, nor its brackets be taken for markup.
    click.echo(f"  {shlex.join(command)}")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        screen.print("\nstopping")
