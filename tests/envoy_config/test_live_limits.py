"""The generated configuration, run by Envoy itself: what clients can take of it."""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import h2.settings
import pytest

from envoy_config.live import OPEN, SECONDS, LiveEnvoy, Ports, application, ask_admin, envoy, exchange, http2_settings
from sidecar.envoy_config import EnvoyOptions

_REQUEST = b"GET /healthz HTTP/1.1\r\nhost: app\r\n\r\n"
_CONNECTIONS = 2


@pytest.fixture(scope="module")
def small(envoy_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveEnvoy]:
    """Run an Envoy that takes two connections."""
    folder = tmp_path_factory.mktemp("small")
    with application() as port:
        options = EnvoyOptions(
            listener_port=0,
            admin_port=0,
            upstream_port=port,
            authz_addresses=(f"unix:{folder}/nobody.sock",),
            unprotected_paths=("/healthz",),
            max_connections=_CONNECTIONS,
        )
        with envoy(envoy_binary, options, folder) as running:
            yield running


def test_connections_beyond_the_limit_are_closed(small: LiveEnvoy) -> None:
    """Connections up to the limit are served, one more is closed without an answer; the admin interface answers."""
    with ExitStack() as opened:

        def first_bytes() -> bytes:
            client = opened.enter_context(socket.create_connection(("127.0.0.1", small.port), timeout=SECONDS))
            try:
                client.sendall(_REQUEST)
                return client.recv(len(b"HTTP/1.1 200"))
            except ConnectionError:
                return b""

        answers = [first_bytes() for _ in range(_CONNECTIONS + 1)]
        assert answers == [b"HTTP/1.1 200"] * _CONNECTIONS + [b""]
        assert ask_admin(small.admin, "GET", "/ready") == (200, "LIVE\n")


def test_runtime_is_fixed(small: LiveEnvoy) -> None:
    """Whoever reaches the admin port cannot change a runtime key, and the ones that are set are in force."""
    status, text = ask_admin(small.admin, "POST", "/runtime_modify?http.max_requests_per_io_cycle=0")
    assert (status, text) == (503, "No admin layer specified")
    entries = json.loads(ask_admin(small.admin, "GET", "/runtime")[1])["entries"]
    assert {name: entry["final_value"] for name, entry in entries.items()} == {"http.max_requests_per_io_cycle": "1"}


def test_http2_clients_are_told_their_bounds(ports: Ports) -> None:
    """A client is allowed 100 requests at once and a window of 64 KiB for each."""
    told = http2_settings(ports[OPEN])
    assert told[h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS] == 100
    assert told[h2.settings.SettingCodes.INITIAL_WINDOW_SIZE] == 65536


def test_small_buffers_limit_no_headers(ports: Ports) -> None:
    """Headers larger than a connection's buffer arrive whole: the buffer paces, it does not limit."""
    status, seen = exchange(ports[OPEN], "/healthz", *(f"x-large-{index}: {'p' * 1000}" for index in range(50)))
    assert status == http.client.OK
    assert sum(name.startswith("x-large-") for name in seen) == 50
