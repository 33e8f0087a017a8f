"""``authz-sidecar health``: the probes for whoever has no HTTP client, such as a container's health check.

It reads no configuration: it is run every few seconds, and has a tenth of the start-up of what does.
"""

import http.client
import ipaddress
from contextlib import closing

import click

from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure
from sidecar.http.address import parse
from sidecar.http.unix_client import UnixConnection
from sidecar.transport.address import AddressError, UnixAddress

_OK = 200


@click.command()
@click.option(
    "--probe",
    metavar="ADDRESS",
    envvar="AUTHZ_PROBE_LISTEN",
    show_envvar=True,
    default="127.0.0.1:9190",
    show_default=True,
    help="Where it answers probes, 'probe.listen' of its configuration: IP:PORT or unix:/path.",
)
@click.option("--live", is_flag=True, help="Ask whether it is alive (/livez), not whether it is ready (/readyz).")
@click.option(
    "--seconds",
    type=click.FloatRange(0, 60, min_open=True),
    default=3.0,
    show_default=True,
    help="How long it may take to answer.",
)
def health(*, probe: str, live: bool, seconds: float) -> int:
    """Say whether a running sidecar is ready. Exit code 0: it is; 1: it is not; 3: nobody answers.

    \b
    Examples:
      authz-sidecar health
      authz-sidecar health --live --probe unix:/run/authz/probe.sock
    """
    try:
        connection = _connection(probe, seconds)
    except AddressError as error:
        raise Failure(f"--probe: {error}", ExitCode.USAGE) from None
    try:
        with closing(connection):
            connection.request("GET", "/livez" if live else "/readyz")
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException) as error:
        raise Failure(f"{probe}: no answer: {str(error) or type(error).__name__}", ExitCode.UNAVAILABLE) from None
    if answer.status == _OK:
        click.echo(text)
        return ExitCode.OK
    raise Failure(text or f"{probe}: {answer.status}", ExitCode.NO)


def _connection(probe: str, seconds: float) -> http.client.HTTPConnection:
    address = parse(probe)
    if isinstance(address, UnixAddress):
        return UnixConnection(address.path, seconds)
    host = ipaddress.ip_address(address.host)
    if host.is_unspecified:  # it listens on all addresses: loopback is one
        host = ipaddress.ip_address("127.0.0.1" if host.version == 4 else "::1")  # noqa: PLR2004 - IPv4
    return http.client.HTTPConnection(str(host), address.port, timeout=seconds)
