"""The generated configuration, run by Envoy itself: what reaches the application while the sidecar is dead.

The sidecar's socket does not exist here, which is the worst case: nothing but Envoy's own configuration protects the
application, on routes without a check and under ``failure_mode_allow``.
"""

import http.client
import json
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import h2.config
import h2.connection
import h2.events
import pytest

from sidecar.envoy_config import EnvoyOptions, to_json

_SECONDS = 30
_FLAGS = ("--use-dynamic-base-id", "--concurrency", "1")
_READY = "starting main dispatch loop"
_CLOSED, _OPEN = "fail closed", "fail open"

Ports = Mapping[str, int]

_MISSPELT = [
    *("//healthz", "/healthz//", "/./healthz", "/a/../healthz", "/a/..", "/%2e%2e/x", "/%2E%2E/x", "/a%2Fb", "/a%5Cb"),
    *("/a\\b", "/a;b", "/%41", "/a%00", "/a%7F", "/a%c3%a9", "/a%C0%AF", "/a%80", "/a%252F", "/a%25aA", "/a%", '/a"b'),
]
_NORMAL = ["/", "/a", "/a/", "/a/.b", "/...", "/a%20b", "/a%C3%A9", "/a%25g", "/:@!$&'()*+,=-._~", "/a?//../;\\%2F"]

_FORGED = [
    *("x-auth-subject: forged", "X-Auth-Subject: forged", "x-auth-scopes: forged"),
    *("x-auth-subject: forged\r\nx-auth-subject: forged", "x-envoy-auth-failure-mode-allowed: forged"),
]
_FORGED_WITH_UNDERSCORES = ["x_auth_subject: forged", "x-auth_subject: forged", "X_AUTH-SUBJECT: forged"]


class _Application(BaseHTTPRequestHandler):
    """Answers every GET with the headers it was sent."""

    def do_GET(self) -> None:
        body = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:  # noqa: ANN401 - http.server's signature
        """Say nothing."""


@contextmanager
def _application() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Application) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def _envoy(binary: Path, options: EnvoyOptions, folder: Path) -> Iterator[int]:
    """Run Envoy with ``options``; give the port of its listener."""
    config, admin = folder / "bootstrap.json", folder / "admin"
    config.write_text(to_json(options), encoding="utf-8")
    command: list[str | Path] = [binary, "-c", config, "--admin-address-path", admin, *_FLAGS]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stderr is not None
        watchdog = threading.Timer(_SECONDS, process.kill)
        watchdog.start()
        try:
            said = ""
            while _READY not in said:
                said = process.stderr.readline()
                assert said, "Envoy ended before it was ready"
            drain = threading.Thread(target=process.stderr.read)
            drain.start()
            yield _listener_port(admin.read_text(encoding="utf-8"))
        finally:
            process.kill()
            watchdog.cancel()
        drain.join()


def _listener_port(admin: str) -> int:
    with closing(http.client.HTTPConnection(admin, timeout=_SECONDS)) as connection:
        connection.request("GET", "/listeners?format=json")
        answer = json.load(connection.getresponse())
    return int(answer["listener_statuses"][0]["local_address"]["socket_address"]["port_value"])


def _exchange(port: int, target: str, *lines: str) -> tuple[int, dict[str, str]]:
    """Send a GET as it is written; return the status and, where the application answered, what it was sent."""
    request = "\r\n".join((f"GET {target} HTTP/1.1", "host: app", "connection: close", *lines, "", ""))
    with closing(socket.create_connection(("127.0.0.1", port), timeout=_SECONDS)) as connection:
        connection.sendall(request.encode("latin-1"))
        response = http.client.HTTPResponse(connection)
        response.begin()
        body = response.read()
    return response.status, json.loads(body) if response.status == http.client.OK else {}


def _exchange_http2(port: int, target: bytes) -> str:
    """Send a GET over HTTP/2, where Envoy's codec lets raw bytes above ASCII pass; return the status."""
    client = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding=None))
    client.initiate_connection()
    pseudo = {b":method": b"GET", b":scheme": b"http", b":authority": b"app", b":path": target}
    client.send_headers(1, list(pseudo.items()), end_stream=True)
    with closing(socket.create_connection(("127.0.0.1", port), timeout=_SECONDS)) as connection:
        connection.sendall(client.data_to_send())
        while received := connection.recv(65536):
            for event in client.receive_data(received):
                if isinstance(event, h2.events.ResponseReceived):
                    return dict(event.headers)[b":status"].decode()
    return "closed"


@pytest.fixture(scope="module")
def ports(envoy_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ports]:
    """Run one Envoy that fails closed and one that fails open, both without a sidecar."""
    folders = [tmp_path_factory.mktemp(name) for name in ("closed", "open")]
    with _application() as port:
        closed = EnvoyOptions(
            listener_port=0,
            admin_port=0,
            upstream_port=port,
            authz_addresses=(f"unix:{folders[0]}/nobody.sock",),
            unprotected_paths=("/healthz",),
        )
        opened = replace(closed, failure_mode_allow=True)
        with _envoy(envoy_binary, closed, folders[0]) as first, _envoy(envoy_binary, opened, folders[1]) as second:
            yield {_CLOSED: first, _OPEN: second}


@pytest.mark.parametrize("target", _MISSPELT)
def test_misspelt_path_is_refused_even_when_failing_open(target: str, ports: Ports) -> None:
    """A path that is not in normal form gets 400 although requests are let in unchecked."""
    assert _exchange(ports[_OPEN], target)[0] == http.client.BAD_REQUEST


@pytest.mark.parametrize("target", [b"/a\xff", b"/a\xc3\xa9", b"/a?\xff"])
def test_raw_bytes_over_http2_are_refused(target: bytes, ports: Ports) -> None:
    """A raw byte above ASCII, for which the sidecar would be shown another path, gets 400."""
    assert _exchange_http2(ports[_OPEN], target) == "400"


@pytest.mark.parametrize("target", _NORMAL)
def test_normal_path_passes_when_failing_open(target: str, ports: Ports) -> None:
    """A path in normal form gets through, and the application is told that nobody checked."""
    status, seen = _exchange(ports[_OPEN], target)
    assert (status, seen["x-envoy-auth-failure-mode-allowed"]) == (http.client.OK, "true")


@pytest.mark.parametrize("target", _NORMAL)
def test_dead_sidecar_refuses_when_failing_closed(target: str, ports: Ports) -> None:
    """Without a sidecar nothing gets through: 503."""
    assert _exchange(ports[_CLOSED], target)[0] == http.client.SERVICE_UNAVAILABLE


def test_unprotected_path_needs_no_sidecar(ports: Ports) -> None:
    """An unprotected path is answered by the application while the sidecar is dead, and is not marked unchecked."""
    status, seen = _exchange(ports[_CLOSED], "/healthz?verbose")
    assert status == http.client.OK
    assert "x-envoy-auth-failure-mode-allowed" not in seen


@pytest.mark.parametrize("forged", _FORGED)
@pytest.mark.parametrize(("way", "target"), [(_CLOSED, "/healthz"), (_OPEN, "/healthz"), (_OPEN, "/a")])
def test_forged_identity_never_arrives(forged: str, way: str, target: str, ports: Ports) -> None:
    """An identity header sent by a client does not reach the application where the sidecar is not asked."""
    status, seen = _exchange(ports[way], target, forged)
    assert status == http.client.OK
    assert "forged" not in seen.values()


@pytest.mark.parametrize("forged", _FORGED_WITH_UNDERSCORES)
@pytest.mark.parametrize(
    ("way", "target"), [(_CLOSED, "/healthz"), (_CLOSED, "/a"), (_OPEN, "/healthz"), (_OPEN, "/a")]
)
def test_underscores_are_refused_everywhere(forged: str, way: str, target: str, ports: Ports) -> None:
    """A header name with an underscore is refused on every route, whatever its other characters."""
    assert _exchange(ports[way], target, forged)[0] == http.client.BAD_REQUEST
