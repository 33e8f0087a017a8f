"""``authz-sidecar agent``."""

import itertools
import logging
import os
from pathlib import Path

import click

from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure
from sidecar.http.address import parse
from sidecar.runtime.agent.agent import Agent, Orders, refuse_unless_possible
from sidecar.runtime.agent.starting import Places
from sidecar.runtime.log_format import LOG_FORMAT
from sidecar.runtime.standard_streams import open_standard_streams
from sidecar.transport.address import AddressError

_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command()
@click.option("--tenants", type=_FOLDER, required=True, help="Folder with a folder for each tenant.")
@click.option("--sockets", type=_FOLDER, required=True, help="Folder in which each tenant's socket has its own folder.")
@click.option("--run", "run_folder", type=_FOLDER, required=True, help="Folder of our own, for probes of tenants.")
@click.option(
    "--probe", default="0.0.0.0:9190", show_default=True, help="Where probes and metrics are: IP:PORT or unix:/path."
)
@click.option(
    "--max-tenants", "most", type=click.IntRange(1, 512), default=64, show_default=True, help="Tenants at once."
)
def agent(*, tenants: Path, sockets: Path, run_folder: Path, probe: str, most: int) -> None:
    """Serve many workloads of a node, each by a sidecar of its own (docs/agent.md).

    Each folder in TENANTS is one, with its authz.yaml and all that this names. They share nothing. Folders that come
    are started, those that go are drained. A wrong configuration is refused, with file, line and field, and what ran
    goes on.

    \b
    Example:
      authz-sidecar agent --tenants /etc/authz/tenants --sockets /run/authz --run /run/authz-agent
    """
    problem = refuse_unless_possible()
    if problem is not None:
        raise Failure(problem, ExitCode.UNAVAILABLE)
    try:
        address = parse(probe)
    except AddressError as error:
        raise Failure(f"--probe: {error}", ExitCode.USAGE) from None
    places = Places(tenants.absolute(), sockets.absolute(), run_folder.absolute())
    _refuse_places(places)
    open_standard_streams()
    logging.basicConfig(level="INFO", format=LOG_FORMAT, force=True)
    raise SystemExit(Agent(Orders(places, address, most)).run())


def _refuse_places(places: Places) -> None:
    named = {"--tenants": places.tenants, "--sockets": places.sockets, "--run": places.run}
    for option, place in named.items():
        if os.pathsep in str(place) or os.path.normpath(place) != str(place):
            raise Failure(f"{option}: {place}: write it without '..' and '{os.pathsep}'", ExitCode.USAGE)
    found = [(option, place.resolve()) for option, place in named.items()]
    for (option, place), (other, another) in itertools.permutations(found, 2):
        if place.is_relative_to(another):
            # One is for clients, one says who they are, and in one tenants are administered.
            raise Failure(f"{option}: {place} is within {other}; give each a folder of its own", ExitCode.USAGE)
