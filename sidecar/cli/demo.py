"""``authz-sidecar demo``."""

import click

from sidecar.cli.extra import require_demo


@click.command()
@click.option("--once", is_flag=True, help="End after the tour; exit code 0 only if every answer was the expected one.")
def demo(*, once: bool) -> None:
    """Start Envoy, the sidecar and an upstream that echoes, send a tour of requests, show what came of each.

    Everything listens on loopback ports that the system chooses and works in a temporary folder that is removed.

    \b
    Example:
      authz-sidecar demo          stays up until Ctrl-C, with a curl line to try
      authz-sidecar demo --once   for scripts and CI
    """
    require_demo()
    from sidecar.cli.demonstration import demonstrate  # noqa: PLC0415 - of the extra

    demonstrate(once=once)
