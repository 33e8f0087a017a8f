"""What the soak benchmark reads and sends."""

import asyncio
from collections import Counter
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from peers.http_load import send_each
from peers.sidecar_metrics import read_allowed
from peers.soak import protoset, read_ghz, request, written

GHZ = """
Summary:
  Count:\t1000000

Status code distribution:
  [OK]            999998 responses
  [Unavailable]   2 responses
"""
METRICS = """\
# TYPE authz_checks counter
authz_checks_total{outcome="allowed",reason="ok"} 1200.0
authz_checks_total{outcome="allowed",reason="public_path"} 34.0
authz_checks_total{outcome="denied",reason="token_expired"} 9.0
"""


def test_only_ok_counts() -> None:
    """What ghz calls anything else is an error."""
    assert read_ghz(GHZ) == 999_998
    assert read_ghz("") == 0


def test_allowed_checks_of_all_reasons_count() -> None:
    """Denials do not."""
    assert read_allowed(METRICS) == 1234.0


def test_the_protoset_is_complete() -> None:
    """A pool that knows nothing but the set can read a check."""
    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString(protoset()).file:
        pool.Add(file)  # raises where a dependency was not added before
    assert "Check" in pool.FindServiceByName("envoy.service.auth.v3.Authorization").methods_by_name
    kind: Any = GetMessageClass(pool.FindMessageTypeByName("envoy.service.auth.v3.CheckRequest"))
    read = kind.FromString(request("token", 7).SerializeToString())
    assert read.attributes.request.http.path == "/orders/7"
    assert read.attributes.request.http.headers["authorization"] == "Bearer token"


def test_requests_are_those_that_envoy_asks_about() -> None:
    """Method, path, host and headers are the check's."""
    lines = written(request("token", 7)).decode().split("\r\n")
    assert lines[:2] == ["GET /orders/7 HTTP/1.1", "host: api.example"]
    assert "authorization: Bearer token" in lines
    assert lines[-2:] == ["", ""]


def test_every_answer_is_looked_at() -> None:
    """A request is sent once and counts if it got a 200; a refusal and a lost connection do not."""
    seen: Counter[bytes] = Counter()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            seen[line] += 1
            if line == b"lost\n":
                break
            status = b"200 OK" if line == b"good\n" else b"503 Service Unavailable"
            writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\nok")
        writer.close()

    async def scenario() -> None:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            requests = [b"good\n", b"good\n", b"bad\n", b"lost\n"]
            assert await asyncio.wait_for(send_each(port, requests, 40, 3), 30) == 20

    asyncio.run(scenario())
    assert seen == {b"good\n": 20, b"bad\n": 10, b"lost\n": 10}
