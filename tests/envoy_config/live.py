"""Envoy itself, run on a generated configuration in front of an application that echoes what it was sent."""

import http.client
import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any

import h2.config
import h2.connection
import h2.events

from sidecar.envoy_config import EnvoyOptions, to_json

#: Names of the running Envoys: failing closed and failing open, with the defaults, and failing open with most
#: protections chosen away (``loose``).
CLOSED, OPEN, LOOSE = "fail closed", "fail open", "loose"

Ports = Mapping[str, int]

SECONDS = 30
_FLAGS = ("--use-dynamic-base-id", "--concurrency", "1")
_READY = "starting main dispatch loop"
_PSEUDO = {b":method": b"GET", b":scheme": b"http", b":authority": b"app", b":path": b"/healthz"}


@dataclass(frozen=True)
class LiveEnvoy:
    """A running Envoy: the port of its listener, and its admin interface as ``host:port``."""

    port: int
    admin: str


class _Application(BaseHTTPRequestHandler):
    """Answers with the headers it was sent."""

    def _answer(self) -> None:
        body = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_DELETE = do_PROPFIND = do_X_Y = _answer  # noqa: N815 - http.server's names

    def log_message(self, *_: Any) -> None:  # noqa: ANN401 - http.server's signature
        """Say nothing."""


@contextmanager
def application() -> Iterator[int]:
    """Run the application; give its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Application) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def envoy(binary: Path, options: EnvoyOptions, folder: Path) -> Iterator[LiveEnvoy]:
    """Run Envoy with ``options``."""
    config, admin = folder / "bootstrap.json", folder / "admin"
    config.write_text(to_json(options), encoding="utf-8")
    command: list[str | Path] = [binary, "-c", config, "--admin-address-path", admin, *_FLAGS]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            drain = threading.Thread(target=_await_ready(process).read)
            drain.start()
            address = admin.read_text(encoding="utf-8")
            _await_workers(address)
            yield LiveEnvoy(_listener_port(address), address)
        finally:
            process.kill()
        drain.join()


def _await_ready(process: subprocess.Popen[str]) -> IO[str]:
    """Wait until Envoy says that it is ready; return what it says from then on."""
    assert process.stderr is not None
    watchdog = threading.Timer(SECONDS, process.kill)
    watchdog.start()
    said = ""
    while _READY not in said:
        said = process.stderr.readline()
        assert said, "Envoy ended before it was ready"
    watchdog.cancel()
    return process.stderr


def _await_workers(admin: str) -> None:
    """Wait until connections are taken: its workers begin a little after the main thread is ready."""
    until = time.monotonic() + SECONDS
    while "workers_started: 1" not in ask_admin(admin, "GET", "/stats?filter=workers_started")[1]:
        assert time.monotonic() < until, "Envoy's workers did not begin"


def _listener_port(admin: str) -> int:
    answer = json.loads(ask_admin(admin, "GET", "/listeners?format=json")[1])
    return int(answer["listener_statuses"][0]["local_address"]["socket_address"]["port_value"])


def ask_admin(admin: str, method: str, target: str) -> tuple[int, str]:
    """Ask Envoy's admin interface; return status and body."""
    with closing(http.client.HTTPConnection(admin, timeout=SECONDS)) as connection:
        connection.request(method, target)
        response = connection.getresponse()
        return response.status, response.read().decode()


def exchange(port: int, target: str, *lines: str, host: str = "app") -> tuple[int, dict[str, str]]:
    """Send a GET as it is written; return the status and, where the application answered, what it was sent."""
    request = "\r\n".join((f"GET {target} HTTP/1.1", f"host: {host}", "connection: close", *lines, "", ""))
    with closing(socket.create_connection(("127.0.0.1", port), timeout=SECONDS)) as connection:
        connection.sendall(request.encode("latin-1"))
        response = http.client.HTTPResponse(connection)
        response.begin()
        body = response.read()
    return response.status, json.loads(body) if response.status == http.client.OK else {}


def exchange_http2(port: int, *headers: tuple[bytes, bytes], **pseudo: bytes) -> tuple[str, dict[str, str]]:
    """Send a GET over HTTP/2, unvalidated, with ``pseudo`` headers (``path=b"/a"``); return as ``exchange`` does.

    The status is ``refused`` where Envoy resets the stream or closes the connection.
    """
    client = _client()
    first = _PSEUDO | {f":{name}".encode(): value for name, value in pseudo.items()}
    client.send_headers(1, [*first.items(), *headers], end_stream=True)
    status, body = "refused", b""
    for event in _events(port, client):
        if isinstance(event, h2.events.ResponseReceived):
            status = dict(event.headers)[b":status"].decode()
        elif isinstance(event, h2.events.DataReceived):
            body += event.data
        elif isinstance(event, h2.events.StreamEnded | h2.events.StreamReset | h2.events.ConnectionTerminated):
            break
    return status, json.loads(body) if status == "200" else {}


def http2_settings(port: int) -> Mapping[int, int]:
    """Return the SETTINGS that Envoy sends a client."""
    client = _client()
    for event in _events(port, client):
        if isinstance(event, h2.events.RemoteSettingsChanged):
            return {int(code): change.new_value for code, change in event.changed_settings.items()}
    return {}


def _client() -> h2.connection.H2Connection:
    # What a careful client would not send is what these tests are about.
    config = h2.config.H2Configuration(
        header_encoding=None, validate_outbound_headers=False, normalize_outbound_headers=False
    )
    client = h2.connection.H2Connection(config)
    client.initiate_connection()
    return client


def _events(port: int, client: h2.connection.H2Connection) -> Iterator[h2.events.Event]:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=SECONDS)) as connection:
        connection.sendall(client.data_to_send())
        while received := connection.recv(65536):
            yield from client.receive_data(received)
