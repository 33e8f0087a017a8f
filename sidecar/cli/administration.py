"""Talking to the administration of a running sidecar."""

import http.client
import socket
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click

from sidecar.cli.configuration import load_settings
from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure
from sidecar.http.address import parse
from sidecar.http.guard import TokenError, TokenFile
from sidecar.transport.address import AddressError, UnixAddress

#: Seconds. The feed has 5.
_PATIENCE = 30.0
_OK, _NOT_FOUND = 200, 404

_Command = TypeVar("_Command", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Administered:
    """A running sidecar: where it is administered, and what opens that."""

    address: str
    token_file: Path | None

    def ask(self, path: str) -> tuple[int, str]:
        """Get a page; return status and body. Raises ``Failure`` where nobody answers."""
        return _request(self.address, self.token_file, "GET", path, None)

    def get(self, path: str) -> str:
        """Return what is there; raises ``Failure`` where it is not, or nobody answers."""
        status, text = self.ask(path)
        if status == _OK:
            return text
        if status == _NOT_FOUND:
            text = f"{text}: it has no {path}; is it older than this command?"
        raise Failure(f"{self.address}: {status} {text}", ExitCode.UNAVAILABLE)


def administered_options(command: _Command) -> _Command:
    """Add the options that ``administered`` takes to a command."""
    for option in (
        click.option("--admin-token-file", type=click.Path(path_type=Path), help="As admin.bearer_token_file there."),
        click.option("--against", metavar="ADDRESS", help="Its admin address instead: unix:/path or IP:PORT."),
        click.option(
            "--config",
            type=click.Path(path_type=Path),
            envvar="AUTHZ_CONFIG",
            show_envvar=True,
            help="Its configuration file, which says where it is administered.",
        ),
    ):
        command = option(command)
    return command


def administered(config: Path | None, against: str | None, admin_token_file: Path | None) -> Administered:
    """Return the sidecar that is meant; raises ``Failure`` where none is, or it cannot be asked."""
    if against is not None:
        return Administered(against, admin_token_file)
    if config is None:
        raise Failure("give --config (or AUTHZ_CONFIG), or --against", ExitCode.USAGE)
    admin = load_settings(config).settings.admin
    if admin.listen is None:
        raise Failure(f"{config}: admin.listen is not set, so there is nobody to ask", ExitCode.USAGE)
    if admin.tls is not None:
        raise Failure("the administration is on TLS: ask it with curl instead", ExitCode.USAGE)
    named = admin_token_file
    if named is None and admin.bearer_token_file is not None:
        named = config.parent / admin.bearer_token_file
    return Administered(admin.listen, named)


def post(listen: str, token_file: Path | None, path: str, body: bytes) -> tuple[int, str]:
    """Post JSON; return status and body. Raises ``Failure`` where nobody answers."""
    return _request(listen, token_file, "POST", path, body)


def _request(listen: str, token_file: Path | None, method: str, path: str, body: bytes | None) -> tuple[int, str]:
    headers = {} if body is None else {"Content-Type": "application/json"}
    try:
        if token_file is not None:
            headers["Authorization"] = f"Bearer {TokenFile(str(token_file)).read().decode('ascii')}"
        with closing(_connection(listen)) as connection:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace").strip()
    except AddressError as error:
        raise Failure(str(error), ExitCode.USAGE) from None
    except TokenError as error:
        raise Failure(str(error), ExitCode.UNAVAILABLE) from None
    except (OSError, http.client.HTTPException) as error:
        raise Failure(f"{listen}: {error}; is the sidecar running?", ExitCode.UNAVAILABLE) from None


def _connection(listen: str) -> http.client.HTTPConnection:
    address = parse(listen)
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
