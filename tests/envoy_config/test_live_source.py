"""Whose address Envoy tells the sidecar, which counts bad signatures by it."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from envoy_config import live
from sidecar.envoy_config import EnvoyOptions, to_json
from sidecar.protos.ext_authz import CheckRequest, CheckResponse
from sidecar.transport.service import SERVICE

_PROXY_PROTOCOL = {
    "name": "envoy.filters.listener.proxy_protocol",
    "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol",
        "allow_requests_without_proxy_protocol": True,
    },
}


@contextmanager
def _asked(seen: list[str]) -> Iterator[str]:
    """Deny every check, and note whose it is; give the address."""

    def check(request: bytes, _context: object) -> bytes:
        seen.append(CheckRequest.FromString(request).attributes.source.address.socket_address.address)
        denial = CheckResponse()
        denial.status.code = 7
        return denial.SerializeToString()

    handlers = {"Check": grpc.unary_unary_rpc_method_handler(check)}
    server = grpc.server(ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(0).wait()


def _behind_proxies(options: EnvoyOptions) -> str:
    """Return the bootstrap of an Envoy that trusts one proxy in front, and the PROXY protocol."""
    bootstrap: dict[str, Any] = json.loads(to_json(options))
    listener = bootstrap["staticResources"]["listeners"][0]
    listener["listenerFilters"] = [_PROXY_PROTOCOL]
    listener["filterChains"][0]["filters"][0]["typedConfig"]["xffNumTrustedHops"] = 1
    return json.dumps(bootstrap)


def _send(port: int, before: bytes = b"") -> None:
    request = b"GET /a HTTP/1.1\r\nhost: app\r\nx-forwarded-for: 203.0.113.7\r\nconnection: close\r\n\r\n"
    with closing(socket.create_connection(("127.0.0.1", port), timeout=live.SECONDS)) as connection:
        connection.sendall(before + request)
        while connection.recv(4096):
            pass


def test_source_is_the_connection_s(envoy_binary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``x-forwarded-for`` of a trusted proxy does not change ``source.address``; the PROXY protocol does."""
    monkeypatch.setattr(live, "to_json", _behind_proxies)
    seen: list[str] = []
    with _asked(seen) as address:
        options = EnvoyOptions(listener_port=0, admin_port=0, authz_addresses=(address,), timeout_seconds=20)
        with live.envoy(envoy_binary, options, tmp_path) as running:
            _send(running.port)
            _send(running.port, b"PROXY TCP4 203.0.113.9 127.0.0.1 5555 80\r\n")
    assert seen == ["127.0.0.1", "203.0.113.9"]
