"""Talking to the administration of a running sidecar."""

import http.client
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from sidecar.cli.admin_tls import ClientTls
from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure
from sidecar.http.guard import TokenError
from sidecar.http.unix_client import UnixConnection
from sidecar.transport.address import Address, UnixAddress
from sidecar.transport.tls import TlsError

#: Seconds. The feed has 5.
_PATIENCE = 30.0
_OK, _NOT_FOUND = 200, 404


@dataclass(frozen=True, slots=True)
class Administered:
    """A running sidecar: where it is administered, and what opens that. With ``tls`` the host may be a name."""

    at: Address
    token: Callable[[], bytes] | None = None  #: raises ``TokenError``; asked each time, for it may be renewed
    tls: ClientTls | None = None

    @property
    def address(self) -> str:
        """Where it is, as it is given to commands."""
        return f"https://{self.at}" if self.tls else str(self.at)

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
            if self.token is not None:
                headers["Authorization"] = f"Bearer {self.token().decode('ascii')}"
            with closing(self._connection()) as connection:
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                return answer.status, answer.read().decode("utf-8", "replace").strip()
        except (TokenError, TlsError) as error:
            raise Failure(str(error), ExitCode.UNAVAILABLE) from None
        except (OSError, http.client.HTTPException) as error:
            raise Failure(f"{self.address}: {self._why(error)}", ExitCode.UNAVAILABLE) from None

    def _connection(self) -> http.client.HTTPConnection:
        if isinstance(self.at, UnixAddress):
            return UnixConnection(self.at.path, _PATIENCE)
        host, port = self.at.host, self.at.port
        if self.tls is not None:
            return http.client.HTTPSConnection(host, port, timeout=_PATIENCE, context=self.tls.context())
        return http.client.HTTPConnection(host, port, timeout=_PATIENCE)

    def _why(self, error: Exception) -> str:
        if self.tls is not None:
            return self.tls.why(error)
        hint = "; with TLS write https://" if isinstance(error, http.client.RemoteDisconnected) else ""
        return f"{error}; is the sidecar running?{hint}"
