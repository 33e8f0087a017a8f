"""``authz-sidecar revoke``: posts to the administration of a running sidecar."""

import json
import time
from pathlib import Path

import click

from sidecar.cli.administration import Access, access_options, administered_by
from sidecar.cli.configuration import config_option, load
from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure
from sidecar.cli.printable import printable
from sidecar.core.strict_json import Json

_CREATED, _BAD_REQUEST = 201, 400


@click.command()
@config_option
@access_options
@click.option("--issuer", required=True, help="iss, character by character.")
@click.option("--jti", help="The token of this id.")
@click.option("--sub", help="All of this subject; with --issued-before, what it was issued until then.")
@click.option("--sid", help="All of this session.")
@click.option("--kid", help="All that this key signed, by its id or thumbprint; for good.")
@click.option("--issued-before", metavar="TIME", help="What was issued before: seconds since 1970, or 'now'.")
@click.option("--expires-at", type=int, metavar="TIME", help="When the entry may end: seconds since 1970.")
def revoke(
    *,
    config: Path,
    access: Access,
    issuer: str,
    expires_at: int | None,
    issued_before: str | None,
    **names: str | None,
) -> None:
    """Revoke tokens, here and, where there is a feed, everywhere.

    Prints what was answered once every check sees it.

    \b
    One token, and all that one user has:
      authz-sidecar revoke --config authz.yaml --issuer https://idp.example --jti 8f14e45f
      authz-sidecar revoke --config authz.yaml --issuer https://idp.example --sub alice --issued-before now
    """
    entry: dict[str, Json] = {"issuer": issuer, **{name: value for name, value in names.items() if value is not None}}
    if issued_before is not None:
        entry["issued_before"] = _time(issued_before)
    if expires_at is not None:
        entry["expires_at"] = expires_at
    settings = load(config)[0].settings
    if settings.revocation is None or not settings.revocation.admin_api:
        raise Failure(f"{config}: revocation.admin_api is off, so there is nobody to tell", ExitCode.USAGE)
    # The API is on, which needs it to listen.
    sidecar = administered_by(settings.admin, config.parent, access)
    status, text = sidecar.post("/revocations", json.dumps(entry).encode())
    if status != _CREATED:
        raise Failure(text, ExitCode.USAGE if status == _BAD_REQUEST else ExitCode.UNAVAILABLE)
    click.echo(printable(text, "\n"))


def _time(text: str) -> int:
    if text == "now":
        return int(time.time())
    if not text.isdecimal():
        raise Failure(f"--issued-before {text!r}: write seconds since 1970, or 'now'", ExitCode.USAGE)
    return int(text)
