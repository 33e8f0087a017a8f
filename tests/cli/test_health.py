"""``authz-sidecar health``: what the probes say, as an exit code."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import BaseServer, TCPServer, UnixStreamServer

import pytest
from click.testing import CliRunner, Result

from sidecar.cli.main import cli


class _Probes(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Be alive and not ready."""
        text = {"/livez": b"ok\n", "/readyz": b"[-]keys not loaded\n"}[self.path]
        self.send_response(200 if self.path == "/livez" else 503)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def address_string(self) -> str:
        """Return something for a Unix socket too."""
        return "client"

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def _serving(server: BaseServer) -> Iterator[BaseServer]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _health(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(cli, ["health", *arguments], env=environment)


def _is_alive_and_not_ready(**environment: str) -> None:
    alive, ready = _health("--live", **environment), _health(**environment)
    assert (alive.exit_code, alive.output) == (0, "ok\n")
    assert ready.exit_code == 1
    assert "[-]keys not loaded" in ready.stderr


@pytest.mark.parametrize("listens", ["127.0.0.1", "0.0.0.0"])  # noqa: S104 - as in the configuration
def test_over_tcp(listens: str) -> None:
    """A sidecar that listens on all addresses is asked on loopback."""
    with _serving(TCPServer(("127.0.0.1", 0), _Probes)) as server:
        assert isinstance(server.server_address, tuple)
        _is_alive_and_not_ready(AUTHZ_PROBE_LISTEN=f"{listens}:{server.server_address[1]}")


def test_over_a_unix_socket(tmp_path: Path) -> None:
    """The same there."""
    with _serving(UnixStreamServer(str(tmp_path / "p"), _Probes)):
        _is_alive_and_not_ready(AUTHZ_PROBE_LISTEN=f"unix:{tmp_path}/p")


def test_nobody_answers(tmp_path: Path) -> None:
    """It is not there, it says nothing, or it says something else than HTTP."""
    absent = _health("--probe", f"unix:{tmp_path}/absent")
    assert absent.exit_code == 3
    assert "no answer: [Errno 2]" in absent.stderr
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = _health("--seconds", "0.2", "--probe", f"127.0.0.1:{silent.getsockname()[1]}")
    assert found.exit_code == 3
    assert "no answer: timed out" in found.stderr


@pytest.mark.parametrize("address", ["false", "localhost:9190", "unix:@abstract", "127.0.0.1", "127.0.0.1:99999"])
def test_no_address(address: str) -> None:
    """Where it is asked is said as in the configuration."""
    found = _health("--probe", address)
    assert found.exit_code == 2
    assert "--probe: " in found.stderr
