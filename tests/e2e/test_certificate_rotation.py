"""Certificates and CAs of both sides are exchanged under load, through the real Envoy: not one request fails."""

import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from sidecar.demo.stack import Stack, sidecar_addresses
from sidecar.transport.address import host_and_port
from support.certificates import Authority
from support.envoy_statistics import statistics
from support.load import Load
from support.processes import eventually
from support.secured import MODES, NAME, Certificates, certified, secured_stack

#: Times that everything is exchanged.
_ROUNDS = 2
#: Requests after each change.
_MORE = 300


@dataclass(frozen=True)
class Exchange:
    """Each method changes files on disk, waits until they are in use, and then for more answers."""

    stack: Stack
    certificates: Certificates
    load: Load

    def trust(self, *authorities: Authority) -> None:
        """Have both sides trust these alone."""
        with self._noticed_by_envoy(), self._noticed_by_sidecar():
            self.certificates.trust("envoy", *authorities)
            self.certificates.trust("sidecar", *authorities)

    def renew_sidecar(self, authority: Authority) -> None:
        """Give the sidecar another certificate."""
        with self._noticed_by_sidecar():
            self.certificates.show("sidecar", authority.sign("sidecar", hosts=[NAME]))

    def renew_envoy(self, authority: Authority) -> None:
        """Give Envoy another certificate."""
        with self._noticed_by_envoy():
            self.certificates.show("envoy", authority.sign("envoy"))

    @contextmanager
    def _noticed_by_sidecar(self) -> Iterator[None]:
        before, servers = self._renewals(), len(sidecar_addresses(self.stack.sidecar))
        yield
        assert eventually(lambda: self._renewals() >= before + servers), self.stack.sidecar.printed()
        self._more()

    def _renewals(self) -> int:
        return self.stack.sidecar.printed().count("a new certificate is in use on")

    @contextmanager
    def _noticed_by_envoy(self) -> Iterator[None]:
        before = self._updates()
        yield
        assert eventually(lambda: self._updates() > before)
        self._more()

    def _updates(self) -> int:
        return statistics(self.stack.envoy, "client_ssl_socket_factory")["ssl_context_update_by_sds"]

    def _more(self) -> None:
        before = self.load.answered
        assert eventually(lambda: self.load.answered > before + _MORE)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_no_request_fails_while_certificates_are_exchanged(mode: Mapping[str, str], tmp_path: Path) -> None:
    """The sidecar's certificate, Envoy's, and the CAs that signed them: nothing is restarted, no client tries again."""
    certificates, old = certified(tmp_path)
    with secured_stack(certificates, mode, timeout_seconds=5.0) as stack:
        tokens = [stack.workspace.token(jti=str(number)) for number in range(20)]

        def request(number: int) -> bytes:
            token = tokens[number % len(tokens)]
            return f"GET /orders/1 HTTP/1.1\r\nhost: a.example\r\nauthorization: Bearer {token}\r\n\r\n".encode()

        with Load(stack.envoy.port, request) as load:
            exchange = Exchange(stack, certificates, load)
            for number in range(_ROUNDS):
                new = certificates.authority(f"ca-{number}")
                exchange.trust(old, new)
                exchange.renew_sidecar(new)
                exchange.renew_envoy(new)
                exchange.trust(new)
                assert eventually(partial(_are_of, stack, new))
                old = new
            connections = statistics(stack.envoy, "ssl")["handshake"]
            load.finish()
        assert set(load.statuses) == {"200"}, load.statuses
        assert connections > 2 * _ROUNDS


def _are_of(stack: Stack, authority: Authority) -> bool:
    """Say whether the certificates of all servers are of this CA."""
    return all(_is_of(address, authority) for address in sidecar_addresses(stack.sidecar))


def _is_of(address: str, authority: Authority) -> bool:
    context = ssl.create_default_context(cafile=authority.file)
    context.set_alpn_protocols(["h2"])
    with socket.create_connection(host_and_port(address, ""), timeout=20) as connection:
        try:
            context.wrap_socket(connection, server_hostname=NAME).close()
        except ssl.SSLCertVerificationError:
            return False
    return True
