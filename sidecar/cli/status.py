"""``authz-sidecar status``: the status page of a running sidecar for a browser, handed on from its administration.

    browser ── http://127.0.0.1:PORT/SECRET/status ──> here ── GET /status ──> administration (Unix socket, or token)

A browser can open neither a Unix socket nor what takes a bearer token, and a token is nothing to be typed into a page.
Loopback alone protects nothing: in a pod the application shares it, and on a machine everybody. So each path begins
with 256 random bits that are printed once, and end with the command; no file, argument or cookie has them, the page
sends no Referer, and it links nowhere else. Nothing is handed on but the pages of ``sidecar.status``, by GET.
"""

import asyncio
import hmac
import re
import secrets
import signal

import click

from sidecar.cli.administered import Administered
from sidecar.cli.administration import administered_options
from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure
from sidecar.http.address import is_loopback, parse
from sidecar.http.guard import Guard
from sidecar.http.listening import ListenError
from sidecar.http.message import Answer, Call, Page, Rejection
from sidecar.http.server import Limits, Listener
from sidecar.status.headers import HEADERS
from sidecar.status.pages import KINDS
from sidecar.transport.address import AddressError, TcpAddress

_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
_SECRET_BYTES = 32
#: What may stand behind a page's name.
_QUERY = re.compile(r"denial=[0-9a-f]{1,64}", re.ASCII)
_OK, _UNAVAILABLE = 200, 502
#: Seconds that the sidecar may take for an answer, and a browser for a request.
_PATIENCE = 10.0
_LIMITS = Limits(connections=16, seconds=_PATIENCE + 5)


@click.command()
@administered_options
@click.option(
    "--serve",
    "at",
    metavar="IP:PORT",
    default="127.0.0.1:0",
    show_default=True,
    help="Where to listen, on loopback; port 0 lets the system choose.",
)
def status(*, sidecar: Administered, at: str) -> None:
    """Serve the status page of a running sidecar to a browser, until Ctrl-C.

    Prints the address to open. It has a secret in it, which ends with the command: whoever has it sees what you see,
    and can do nothing. In a cluster: run it in the sidecar's container, and forward its port.

    \b
    Examples:
      authz-sidecar status --config authz.yaml
      kubectl exec POD -c authz -- authz-sidecar status --against unix:/run/authz/admin.sock --serve 127.0.0.1:9194
      kubectl port-forward POD 9194
    """
    asyncio.run(_serve(sidecar, _address(at)))


def _address(text: str) -> TcpAddress:
    try:
        found = parse(text)
    except AddressError as error:
        raise Failure(f"--serve: {error}", ExitCode.USAGE) from None
    if not isinstance(found, TcpAddress) or not is_loopback(found):
        raise Failure(f"--serve {text}: an address of loopback is needed, as 127.0.0.1:0", ExitCode.USAGE)
    return found


async def _serve(sidecar: Administered, address: TcpAddress) -> None:
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    listener = Listener(address, handed_on(sidecar, secret), _LIMITS)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        await listener.start()
    except ListenError as error:
        raise Failure(str(error), ExitCode.UNAVAILABLE) from None
    click.echo(f"http://{listener.address}/{secret}/status")
    click.echo("Until Ctrl-C. Whoever has the address sees the page.", err=True)
    await stop.wait()
    await listener.stop()


def handed_on(sidecar: Administered, secret: str) -> Page:
    """Return the page that hands on what is asked for under ``secret``; all else is not there."""
    guard, prefix = Guard(_HOSTS), f"/{secret}"

    async def answer(call: Call) -> Answer:
        guard.check(call, for_browsers=True)
        sent, path = call.path[: len(prefix)], call.path[len(prefix) :]
        if not hmac.compare_digest(sent.encode("utf-8", "surrogateescape"), prefix.encode()) or not _is_one(
            path, call.query
        ):
            raise Rejection(404, "not found", HEADERS)
        if call.method not in ("GET", "HEAD"):
            raise Rejection(405, "method not allowed", (*HEADERS, ("allow", "GET, HEAD")))
        target = f"{path}?{call.query}" if call.query else path
        return await asyncio.to_thread(_handed_on, sidecar, target, KINDS[path])

    return answer


def _is_one(path: str, query: str) -> bool:
    return path in KINDS and (not query or _QUERY.fullmatch(query) is not None)


def _handed_on(sidecar: Administered, target: str, kind: str) -> Answer:
    try:
        status, text = sidecar.ask(target)
    except Failure as failure:
        raise Rejection(_UNAVAILABLE, failure.format_message(), HEADERS) from None
    if status != _OK:
        raise Rejection(status, text, HEADERS)
    return Answer(status, text.encode(), kind, HEADERS)
