"""``authz-sidecar serve``."""

import logging
from pathlib import Path

import click

from sidecar.cli.configuration import config_option, load_snapshot
from sidecar.runtime.log_format import LOG_FORMAT
from sidecar.runtime.serve import serve as run

_log = logging.getLogger("sidecar")


@click.command()
@config_option
def serve(config: Path) -> None:
    """Answer Envoy's checks until SIGTERM.

    A wrong configuration is reported with file, line and field, exit code 2, and nothing is started. Single fields
    can be overridden by environment variables such as AUTHZ_LISTEN or AUTHZ_LOG_LEVEL.

    SIGHUP, or a change of the files, has them read anew: a wrong one is refused, and the old stays in force.

    \b
    Example:
      authz-sidecar serve --config authz.yaml
      AUTHZ_LISTEN=unix:/run/authz/authz.sock authz-sidecar serve --config authz.yaml
    """
    snapshot, loaded = load_snapshot(config)
    logging.basicConfig(level=loaded.settings.log_level.upper(), format=LOG_FORMAT, force=True)
    for warning in loaded.warnings:
        _log.warning("%s", warning)
    raise SystemExit(run(config, snapshot, loaded.settings))
