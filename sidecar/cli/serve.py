"""``authz-sidecar serve``."""

import asyncio
import logging
from pathlib import Path

import click

from sidecar.cli.configuration import config_option, load
from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure
from sidecar.runtime.server import serve as run_server
from sidecar.transport.address import AddressError

_log = logging.getLogger("sidecar")


@click.command()
@config_option
def serve(config: Path) -> None:
    """Answer Envoy's checks until SIGTERM.

    A wrong configuration is reported with file, line and field, exit code 2, and nothing is started. Single fields
    can be overridden by environment variables such as AUTHZ_LISTEN or AUTHZ_LOG_LEVEL.

    \b
    Example:
      authz-sidecar serve --config authz.yaml
      AUTHZ_LISTEN=unix:/run/authz/authz.sock authz-sidecar serve --config authz.yaml
    """
    configuration, loaded = load(config)
    settings = configuration.settings
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )
    for warning in loaded.warnings:
        _log.warning("%s", warning)
    try:
        asyncio.run(run_server(loaded.trust, settings, _announce))
    except AddressError as error:
        raise Failure(f"cannot listen: {error}", ExitCode.UNAVAILABLE) from None


def _announce(address: str) -> None:
    _log.info("answering checks on %s", address)
