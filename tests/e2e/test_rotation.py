"""Keys are rotated under load, through the real Envoy: not one answer is wrong."""

import http.client
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from sidecar.demo.stack import Stack
from sidecar.demo.workspace import CONFIGURATION
from support.load import Load
from support.processes import eventually
from support.remote import Issuer, configuration, running_issuer
from support.sidecars import Sidecar
from support.stacks import running_stack


@dataclass
class Tokens:
    """Which key the load signs with; one token in ten is new, and so its signature is looked at."""

    issuer: Issuer
    sidecar: Sidecar
    name: str
    known: dict[str, list[str]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def request(self, number: int) -> bytes:
        """Return a request."""
        name = self.name
        with self.lock:
            if name not in self.known:
                self.known[name] = [self.issuer.token(self.sidecar, name, jti=str(one)) for one in range(20)]
        if number % 10 == 0:
            token = self.issuer.token(self.sidecar, name, jti=f"new-{number}")
        else:
            token = self.known[name][number % 20]
        return f"GET /orders/1 HTTP/1.1\r\nhost: a.example\r\nauthorization: Bearer {token}\r\n\r\n".encode()


def _settings(issuer: Issuer) -> str:
    entry = issuer.settings(refetch_min_interval_seconds=0.1, refetch_wait_seconds=20)
    text = CONFIGURATION[: CONFIGURATION.index("issuers:")] + CONFIGURATION[CONFIGURATION.index("public:") :]
    return configuration(entry, text=text.replace("listen: false", 'listen: "127.0.0.1:0"'))


@pytest.mark.timeout(240)
def test_rotation_under_load(tmp_path: Path, mode: Mapping[str, str]) -> None:
    """Five rotations: tokens of a new key pass at once, those of the old until it is removed, and never after."""
    with (
        running_issuer(tmp_path / "idp", "key-0") as issuer,
        running_stack(_settings(issuer), mode) as stack,
    ):
        sidecar = Sidecar(stack.workspace, stack.sidecar)
        assert eventually(sidecar.is_ready), sidecar.printed()
        tokens = Tokens(issuer, sidecar, "key-0")
        with Load(stack.envoy.port, tokens.request) as load:
            for number in range(5):
                old, new = f"key-{number}", f"key-{number + 1}"
                _answered(load, 300)
                # The issuer publishes the new key and signs with it at once; nobody has heard of it.
                issuer.publish(old, new)
                tokens.name = new
                _answered(load, 300)
                assert _takes(stack, issuer, sidecar, old)
                # It takes the old one back. The next one to be fetched is another new key, and with it that is noticed.
                issuer.publish(new, f"spare-{number}")
                assert eventually(partial(_takes, stack, issuer, sidecar, f"spare-{number}"))
                # Fewer than make one server, which has them all to itself, turn their source away.
                assert not _takes(stack, issuer, sidecar, old, 2)
            load.finish()
        assert set(load.statuses) == {"200"}, load.statuses


def _takes(stack: Stack, issuer: Issuer, sidecar: Sidecar, name: str, new: int = 6) -> bool:
    """Say whether tokens of a key pass, remembered ones and new ones, whichever server Envoy asks."""
    fresh = secrets.token_hex(8)
    tokens = [issuer.token(sidecar, name, jti=jti) for jti in ("0", *(f"{fresh}-{one}" for one in range(new)))]
    statuses = {_status(stack, token) for token in tokens}
    assert statuses <= {200, 401}, statuses
    return statuses == {200}


def _status(stack: Stack, token: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", stack.envoy.port, timeout=30)
    try:
        connection.request("GET", "/orders/1", headers={"authorization": f"Bearer {token}"})
        return connection.getresponse().status
    finally:
        connection.close()


def _answered(load: Load, more: int) -> None:
    before = load.answered
    assert eventually(lambda: load.answered > before + more)
