"""Talking to the administration of a running sidecar."""

import http.client
import socket
from pathlib import Path

from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure
from sidecar.http.address import parse
from sidecar.http.guard import TokenError, TokenFile
from sidecar.transport.address import AddressError, UnixAddress

#: Seconds. The feed has 5.
_PATIENCE = 30.0


def post(listen: str, token_file: Path | None, path: str, body: bytes) -> tuple[int, str]:
    """Post JSON; return status and body. Raises ``Failure`` where nobody answers."""
    headers = {"Content-Type": "application/json"}
    try:
        if token_file is not None:
            headers["Authorization"] = f"Bearer {TokenFile(str(token_file)).read().decode('ascii')}"
        connection = _connection(listen)
        connection.request("POST", path, body, headers)
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
