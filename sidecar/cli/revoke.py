"""``authz-sidecar revoke``: posts to the administration of a running sidecar."""

import http.client
import json
import socket
import time
from pathlib import Path

import click

from sidecar.cli.configuration import config_option, load
from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure
from sidecar.core.strict_json import Json
from sidecar.http.address import parse
from sidecar.http.guard import TokenError, TokenFile
from sidecar.settings import Settings
from sidecar.transport.address import UnixAddress

#: Seconds. The feed has 5.
_PATIENCE = 30.0
_CREATED, _BAD_REQUEST = 201, 400


@click.command()
@config_option
@click.option("--issuer", required=True, help="iss, character by character.")
@click.option("--jti", help="The token of this id.")
@click.option("--sub", help="All of this subject; with --issued-before, what it was issued until then.")
@click.option("--sid", help="All of this session.")
@click.option("--kid", help="All that this key signed, by its id or thumbprint; for good.")
@click.option("--issued-before", metavar="TIME", help="What was issued before: seconds since 1970, or 'now'.")
@click.option("--expires-at", type=int, metavar="TIME", help="When the entry may end: seconds since 1970.")
def revoke(config: Path, issuer: str, expires_at: int | None, issued_before: str | None, **names: str | None) -> None:
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
    status, text = _post(settings, config.parent, json.dumps(entry).encode())
    if status != _CREATED:
        raise Failure(text, ExitCode.USAGE if status == _BAD_REQUEST else ExitCode.UNAVAILABLE)
    click.echo(text)


def _time(text: str) -> int:
    if text == "now":
        return int(time.time())
    if not text.isdecimal():
        raise Failure(f"--issued-before {text!r}: write seconds since 1970, or 'now'", ExitCode.USAGE)
    return int(text)


def _post(settings: Settings, folder: Path, body: bytes) -> tuple[int, str]:
    headers = {"Content-Type": "application/json"}
    try:
        if settings.admin.bearer_token_file is not None:
            token = TokenFile(str(folder / settings.admin.bearer_token_file)).read().decode("ascii")
            headers["Authorization"] = f"Bearer {token}"
        connection = _connection(settings)
        connection.request("POST", "/revocations", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace").strip()
    except TokenError as error:
        raise Failure(str(error), ExitCode.UNAVAILABLE) from None
    except (OSError, http.client.HTTPException) as error:
        raise Failure(f"{settings.admin.listen}: {error}; is the sidecar running?", ExitCode.UNAVAILABLE) from None


def _connection(settings: Settings) -> http.client.HTTPConnection:
    if settings.admin.tls is not None:
        raise Failure("the administration is on TLS: post to /revocations with curl instead", ExitCode.USAGE)
    assert settings.admin.listen is not None  # noqa: S101 - the API is on, which needs it
    address = parse(settings.admin.listen)
    if isinstance(address, UnixAddress):
        return _UnixConnection(address.path)
    return http.client.HTTPConnection(address.host, address.port, timeout=_PATIENCE)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_PATIENCE)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket's file."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_PATIENCE)
        self.sock.connect(self._path)
