"""A collector of OpenTelemetry's: OTLP over gRPC and HTTP, which records what it is sent."""

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2_grpc
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from support.certificates import Files
from support.processes import eventually

Attributes = Mapping[str, str | int | bool]


@dataclass(frozen=True)
class Sent:
    """A span as it was sent. Ids are hexadecimal, times nanoseconds; ``kind`` and ``status`` as in the protocol."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    kind: int
    began: int
    ended: int
    status: int
    state: str
    attributes: Attributes
    resource: Attributes


@dataclass
class Collector:
    """What was sent, as it came. ``endpoint`` is where to; ``refuses``: whether nothing is taken."""

    endpoint: str = ""
    spans: list[Sent] = field(default_factory=list)
    logs: list[ExportLogsServiceRequest] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    refuses: bool = False

    def take(self, message: ExportTraceServiceRequest | ExportLogsServiceRequest, headers: Mapping[str, str]) -> None:
        """Record a message."""
        self.headers.append(headers)
        self.raw.append(message.SerializeToString())
        if isinstance(message, ExportLogsServiceRequest):
            self.logs.append(message)
            return
        for of_resource in message.resource_spans:
            resource = _attributes(of_resource.resource.attributes)
            self.spans += [_sent(span, resource) for scope in of_resource.scope_spans for span in scope.spans]

    def wait_for(self, count: int, **attributes: str | int) -> list[Sent]:
        """Wait until there are so many spans with these attributes, and return them in the order of their times."""
        assert eventually(lambda: len(self.found(attributes)) >= count), self.spans
        return self.found(attributes)

    def found(self, attributes: Attributes) -> list[Sent]:
        """Return the spans with these attributes."""
        found = [one for one in self.spans if attributes.items() <= one.attributes.items()]
        return sorted(found, key=lambda one: one.began)


@contextmanager
def grpc_collector(files: Files | None = None, address: str = "127.0.0.1:0") -> Iterator[Collector]:
    """Run one over gRPC; with ``files`` over TLS."""
    collector = Collector()
    server = grpc.server(ThreadPoolExecutor(2), options=[("grpc.so_reuseport", 0)])
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(_Spans(collector), server)  # type: ignore[no-untyped-call]
    logs_service_pb2_grpc.add_LogsServiceServicer_to_server(_Logs(collector), server)  # type: ignore[no-untyped-call]
    if files is None:
        port = server.add_insecure_port(address)
    else:
        pair = (_read(files.key), _read(files.certificate))
        port = server.add_secure_port(address, grpc.ssl_server_credentials([pair]))
    collector.endpoint = f"{'http' if files is None else 'https'}://127.0.0.1:{port}"
    server.start()
    try:
        yield collector
    finally:
        server.stop(0).wait(20)


@contextmanager
def http_collector() -> Iterator[Collector]:
    """Run one over HTTP."""
    collector = Collector()

    class Handler(_Handler):
        told = collector

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join(20)


class _Spans(trace_service_pb2_grpc.TraceServiceServicer):
    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def Export(self, request: ExportTraceServiceRequest, context: Any) -> ExportTraceServiceResponse:  # noqa: ANN401, N802 - gRPC's
        _taken(self._collector, request, context)
        return ExportTraceServiceResponse()


class _Logs(logs_service_pb2_grpc.LogsServiceServicer):
    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def Export(self, request: ExportLogsServiceRequest, context: Any) -> ExportLogsServiceResponse:  # noqa: ANN401, N802 - gRPC's
        _taken(self._collector, request, context)
        return ExportLogsServiceResponse()


def _taken(
    collector: Collector,
    request: ExportTraceServiceRequest | ExportLogsServiceRequest,
    context: Any,  # noqa: ANN401 - gRPC's
) -> None:
    if collector.refuses:
        context.abort(grpc.StatusCode.PERMISSION_DENIED, "not\nyou")
    collector.take(request, dict(context.invocation_metadata()))


class _Handler(BaseHTTPRequestHandler):
    told: Collector
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        kinds: Mapping[str, type[ExportTraceServiceRequest | ExportLogsServiceRequest]]
        kinds = {"/v1/traces": ExportTraceServiceRequest, "/v1/logs": ExportLogsServiceRequest}
        kind = kinds.get(self.path)
        status = 404 if kind is None else 403 if self.told.refuses else 200
        if kind is not None and status == 200:
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.told.take(kind.FromString(body), headers)
        self.send_response(status)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def _sent(span: Any, resource: Attributes) -> Sent:  # noqa: ANN401 - of the protocol
    return Sent(
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.kind,
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        span.status.code,
        span.trace_state,
        _attributes(span.attributes),
        resource,
    )


def _attributes(pairs: Any) -> Attributes:  # noqa: ANN401 - a repeated field
    return {one.key: _value(one.value) for one in pairs if isinstance(one, KeyValue)}


def _value(value: AnyValue) -> str | int | bool:
    kind = value.WhichOneof("value")
    assert kind in {"string_value", "int_value", "bool_value"}, kind
    found: str | int | bool = getattr(value, kind)
    return found


def _read(name: str) -> bytes:
    with open(name, "rb") as file:  # noqa: PTH123 - as certificates are named
        return file.read()
