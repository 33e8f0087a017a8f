"""The tour's results as a table."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sidecar.demo.client import Answer
from sidecar.demo.tour import Stop

#: Headers shown in the column of what the upstream saw, and what they are called there.
_SHOWN = {"x-auth-subject": "subject", "x-auth-tenant": "tenant", "x-auth-scopes": "scopes"}
#: Columns where the output is no terminal: wide enough for every row.
_PIPED_WIDTH = 140


def console() -> Console:
    """Return a console that is as wide as the terminal, or wide enough for a file."""
    terminal = Console()
    return terminal if terminal.is_terminal else Console(width=_PIPED_WIDTH)


def results_table(results: Sequence[tuple[Stop, Answer]]) -> Table:
    """Return one row for each stop, with a mark where the answer was not the expected one."""
    table = Table(header_style="bold")
    for heading in ("", "what is sent", "request", "status", "reason", "what the upstream saw", "ms"):
        table.add_column(heading, justify="right" if heading in ("status", "ms") else "left")
    for stop, answer in results:
        table.add_row(*_row(stop, answer))
    return table


def _row(stop: Stop, answer: Answer) -> tuple[Text, ...]:
    good = stop.is_as_expected(answer)
    status = Text(str(answer.status), "green" if answer.status < 400 else "yellow")  # noqa: PLR2004 - HTTP
    reason = answer.reason if good else f"{answer.reason} (expected {stop.status} {stop.reason or 'to pass'})"
    return (
        Text("✓", "green") if good else Text("✗", "bold red"),
        Text(stop.name),
        Text(f"{stop.call.method} {stop.call.path}"),
        status,
        Text(reason),
        Text(_seen(answer)),
        Text(f"{answer.seconds * 1000:.1f}"),
    )


def _seen(answer: Answer) -> str:
    headers = answer.upstream_headers
    if headers is None:
        return "nothing"
    return ", ".join(f"{_SHOWN[name]} {value}" for name, value in headers if name in _SHOWN) or "no identity"
