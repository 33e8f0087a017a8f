"""``authz-sidecar keys api-key``: a new API key, and the line that stands for it."""

import json
from datetime import datetime
from pathlib import Path

import click

from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure
from sidecar.cli.output import write_new
from sidecar.core.strict_json import Json
from sidecar.keys.api_keys import ApiKeysError, generate_key, hash_of, read_api_keys


@click.command("api-key")
@click.option("--subject", required=True, help="Whom the key stands for.")
@click.option("--scope", "scopes", multiple=True, help="A scope it has; may be given several times.")
@click.option("--claim", "claims", multiple=True, metavar="NAME=VALUE", help="A claim, as text; several times.")
@click.option("--expires", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]), help="Its end: 2027-01-01T00:00:00Z.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The key, created with mode 0600.")
def api_key_command(
    subject: str, scopes: tuple[str, ...], claims: tuple[str, ...], expires: datetime | None, out: Path
) -> None:
    """Generate an API key and print its line for the file in 'api_keys'.

    The line has the key's hash alone. The key itself is in no other place than --out: give it to the client.

    \b
    Example:
      authz-sidecar keys api-key --subject batch --scope orders:read --out batch.key >>api-keys.jsonl
    """
    key = generate_key()
    line: dict[str, Json] = {"hash": hash_of(key), "subject": subject}
    if scopes:
        line["scopes"] = list(scopes)
    if claims:
        line["claims"] = dict(_claim(text) for text in claims)
    if expires is not None:
        line["expires"] = expires.isoformat()
    text = json.dumps(line)
    try:
        read_api_keys(text.encode())
    except ApiKeysError as error:
        raise Failure(str(error).partition(": ")[2], ExitCode.USAGE) from None
    write_new(out, key + "\n", 0o600)
    click.echo(text)


def _claim(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise Failure(f"--claim: {text!r} is no NAME=VALUE", ExitCode.USAGE)
    return name, value
