"""``authz-sidecar schema``."""

import click
from pydantic import BaseModel

from sidecar.loading.json_schema import json_schema


@click.command()
@click.argument("name", type=click.Choice(["configuration", "policies", "cases"]))
def schema(name: str) -> None:
    """Print the JSON Schema of a kind of file, for editors: configuration, policies (of a policy folder) or cases.

    The same are in docs/schemas. An editor that knows yaml-language-server takes one from a file's first line:

    \b
      # yaml-language-server: $schema=authz.schema.json

    \b
    Example:
      authz-sidecar schema configuration >authz.schema.json
    """
    click.echo(schema_of(name), nl=False)


def schema_of(name: str) -> str:
    """Return one of them."""
    from sidecar.cases.model import CaseFile  # noqa: PLC0415 - of three, one is wanted
    from sidecar.settings import Settings  # noqa: PLC0415 - the same
    from sidecar.settings.policy_file import PolicyFile  # noqa: PLC0415 - the same

    models: dict[str, tuple[type[BaseModel], str]] = {
        "configuration": (Settings, "Configuration of ext-authz-sidecar"),
        "policies": (PolicyFile, "Policies of ext-authz-sidecar, in a policy folder"),
        "cases": (CaseFile, "Cases for authz-sidecar policy test"),
    }
    return json_schema(*models[name])
