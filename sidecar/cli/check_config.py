"""``authz-sidecar check-config``."""

from pathlib import Path

import click

from sidecar.cli.configuration import load
from sidecar.cli.printable import echo_line, printable


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
def check_config(config: Path) -> None:
    """Check CONFIG, its keys and policies, without starting anything.

    Problems go to standard error as file:line:column: field: what is wrong; the exit code is then 2.

    \b
    Example:
      authz-sidecar check-config authz.yaml && kubectl apply -f authz.yaml
    """
    configuration, loaded = load(config)
    settings, trust = configuration.settings, loaded.trust
    for warning in loaded.warnings:
        click.echo(printable(f"warning: {warning}"), err=True)
    for issuer in trust.issuers.values():
        keys = "keys are fetched" if issuer.refetch_wait else f"{len(issuer.keys.keys)} key(s)"
        echo_line(f"issuer {issuer.issuer}: {keys}, {', '.join(sorted(issuer.algorithms))}")
    deny, allow = len(trust.policy.deny), len(trust.policy.allow)
    echo_line(f"policies: {deny} deny, {allow} allow; {len(trust.policy.public)} public operation(s)")
    bundle = settings.policy_bundle
    if bundle is not None:
        echo_line(f"policy bundle {bundle.name}: fetched from {bundle.url.partition('?')[0]}; not looked at here")
    echo_line(f"listens on {settings.listen}; path mode {trust.path_mode}")
    echo_line(f"{config}: OK")
