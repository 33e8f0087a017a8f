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
from sidecar.settings.http import AdminSettings
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
        return self._exchange("GET", path, None)

    def post(self, path: str, body: bytes) -> tuple[int, str]:
        """Post JSON; return status and body. Raises ``Failure`` where nobody answers."""
        return self._exchange("POST", path, body)

    def get(self, path: str) -> str:
        """Return what is there; raises ``Failure`` where it is not, or nobody answers."""
        status, text = self.ask(path)
        if status == _OK:
            return text
        if status == _NOT_FOUND:
            text = f"{text}: it has no {path}; is it older than this command?"
        raise Failure(f"{self.address}: {status} {text}", ExitCode.UNAVAILABLE)

    def _exchange(self, method: str, path: str, body: bytes | None) -> tuple[int, str]:
        headers = {} if body is None else {"Content-Type": "application/json"}
        try:
            if self.token_file is not None:
                headers["Authorization"] = f"Bearer {TokenFile(str(self.token_file)).read().decode('ascii')}"
            with closing(_connection(self.address)) as connection:
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                return answer.status, answer.read().decode("utf-8", "replace").strip()
        except AddressError as error:
            raise Failure(str(error), ExitCode.USAGE) from None
        except TokenError as error:
            raise Failure(str(error), ExitCode.UNAVAILABLE) from None
        except (OSError, http.client.HTTPException) as error:
            raise Failure(f"{self.address}: {error}; is the sidecar running?", ExitCode.UNAVAILABLE) from None


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
    return administered_by(admin, config.parent, admin_token_file, instead="ask it with curl instead")


def administered_by(
    admin: AdminSettings, folder: Path, token_file: Path | None = None, *, instead: str
) -> Administered:
    """Return the sidecar that listens as these settings say; ``token_file`` is for theirs, which is in ``folder``.

    Raises ``Failure`` where it cannot be asked, with what to do ``instead``.
    """
    assert admin.listen is not None  # noqa: S101 - the caller's
    if admin.tls is not None:
        raise Failure(f"the administration is on TLS: {instead}", ExitCode.USAGE)
    if token_file is None and admin.bearer_token_file is not None:
        token_file = folder / admin.bearer_token_file
    return Administered(admin.listen, token_file)


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
