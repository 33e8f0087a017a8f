"""``authz-sidecar policy compile``."""

import json
from pathlib import Path

import click

from sidecar.cli.configuration import config_option, load
from sidecar.cli.output import as_yaml
from sidecar.core.digest import digest_of
from sidecar.core.effects.dump import dump_effects
from sidecar.core.effects.model import NO_EFFECTS
from sidecar.core.policy.dump import dump


@click.command("compile")
@config_option
@click.option("--json", "as_json", is_flag=True, help="JSON instead of YAML.")
def compile_command(config: Path, *, as_json: bool) -> None:
    """Print what the policies come to: all rules as data, in the order they are looked at, and the index over them.

    The same configuration gives the same output, byte by byte, so that two can be compared with diff. 'digest' names
    all of it.

    \b
    Example:
      diff <(authz-sidecar policy compile --config old.yaml) <(authz-sidecar policy compile --config new.yaml)
    """
    trust = load(config)[1].trust
    document = dump(trust.policy)
    if trust.effects != NO_EFFECTS:
        digest = digest_of((trust.policy, trust.effects), b"policy").hex()
        document |= {"digest": digest, "effects": dump_effects(trust.effects)}
    click.echo(json.dumps(document, indent=2) if as_json else as_yaml(document), nl=as_json)
