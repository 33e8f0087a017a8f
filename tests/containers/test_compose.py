"""``docker compose up`` in ``envoy/compose``: what its README does, with real containers."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from urllib.parse import quote

import pytest

from sidecar.demo.client import Answer, Call, send
from support.containers import IMAGE, PEERS
from support.ports import free_port
from support.processes import eventually
from support.tools import lacking

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "envoy/compose"
#: Those for which there is an image here: Grafana has no package in Debian, PyPI or npm.
SERVICES = ("authz", "envoy", "app", "prometheus")
_CLAIMS = ("--issuer", "https://idp.example.com", "--audience", "orders", "--subject", "ada")

pytestmark = pytest.mark.timeout(300)


def _program() -> list[str]:
    if program := shutil.which("docker-compose"):
        return [program]
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], check=False, capture_output=True).returncode:  # noqa: S603
        lacking("no Compose: apt-get install docker-compose")
    return [docker, "compose"]


@dataclass(frozen=True)
class Composed:
    """What runs. ``port`` is Envoy's, ``prometheus`` that one's."""

    port: int
    prometheus: int
    command: tuple[str, ...]
    env: dict[str, str]

    def run(self, *arguments: str) -> str:
        """Run Compose; return what it printed."""
        done = subprocess.run(  # noqa: S603 - the one of the tests
            [*self.command, *arguments], env=self.env, check=False, capture_output=True, text=True, timeout=200
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def ask(self, *headers: tuple[str, str]) -> Answer:
        """Ask for orders."""
        return send(self.port, Call("GET", "/orders", headers))

    def is_up(self) -> bool:
        """Return whether who has no token is told so; Docker takes connections before Envoy does."""
        try:
            return self.ask().status == HTTPStatus.UNAUTHORIZED
        except (OSError, HTTPException):
            return False

    def query(self, expression: str) -> float:
        """Return the first value of what Prometheus is asked, 0 where there is none yet."""
        answer = send(self.prometheus, Call("GET", f"/api/v1/query?query={quote(expression)}"))
        result = json.loads(answer.body)["data"]["result"]
        return float(result[0]["value"][1]) if result else 0.0


@pytest.fixture(scope="module")
def composed() -> Iterator[Composed]:
    """Have it run, under a name of its own and on free ports."""
    port, prometheus = free_port(), free_port()
    variables = {
        "AUTHZ_IMAGE": IMAGE,
        "APP_IMAGE": IMAGE,
        "ENVOY_IMAGE": PEERS,
        "PROMETHEUS_IMAGE": PEERS,
        "ENVOY_PORT": str(port),
        "PROMETHEUS_PORT": str(prometheus),
        "AUTHZ_TEST_APP": str(Path(__file__).with_name("compose_app.py")),
    }
    files = FOLDER / "compose.yaml", Path(__file__).with_name("compose.override.yaml")
    command = [*_program(), "-p", f"authz-test-{os.getpid()}", *(word for file in files for word in ("-f", str(file)))]
    found = Composed(port, prometheus, tuple(command), os.environ | variables)
    try:
        found.run("up", "--detach", "--no-build", *SERVICES)
        yield found
    finally:
        found.run("down", "--volumes", "--timeout", "20")


def test_what_the_readme_does(composed: Composed) -> None:
    """Nobody passes without a token; who has one does, and the application hears who it is, not who it says it is."""
    assert eventually(composed.is_up), composed.run("logs")
    assert composed.ask().reason == "no_credential"
    token = composed.run("run", "--rm", "keys", "token", "mint", "--key", "/run/keys/signing.jwk", *_CLAIMS).strip()
    answer = composed.ask(("authorization", f"Bearer {token}"), ("x-auth-subject", "root"))
    assert answer.status == HTTPStatus.OK, answer
    asked = answer.body.decode().lower()
    assert "x-auth-subject: ada" in asked
    assert "root" not in asked
    # The decision log has the denial, and no token at all.
    assert eventually(lambda: '"no_credential"' in composed.run("logs", "authz"))
    assert token not in composed.run("logs")


def test_prometheus_sees_it(composed: Composed) -> None:
    """With the labels that rules and dashboards go by."""
    assert eventually(composed.is_up), composed.run("logs")
    of = 'job="authz-sidecar",namespace="compose",app="orders",pod="authz"'
    assert eventually(lambda: composed.query(f"sum(authz_checks_total{{{of}}})") > 0)
    assert eventually(lambda: composed.query(f"up{{{of}}}") == 1)


def test_keys_are_kept(composed: Composed) -> None:
    """What comes up again has the key that it had: tokens that were signed go on."""
    first = composed.run("run", "--rm", "keys")
    assert first.strip()
    assert composed.run("run", "--rm", "keys") == first
