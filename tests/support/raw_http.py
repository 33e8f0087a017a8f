"""Requests as nobody's library would write them, over HTTP/1.1 and HTTP/2. Text is ISO 8859-1: a character a byte."""

import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass

import h2.config
import h2.connection
import h2.events

#: Seconds for an answer, on a machine that is busy.
_PATIENCE = 30.0
_LARGE = 65536


@dataclass(frozen=True, slots=True)
class RawRequest:
    """``fields`` are header lines, without their end; in HTTP/2 each is taken apart at its first colon but one."""

    method: str
    target: str
    hosts: Sequence[str]
    fields: Sequence[str] = ()
    body: str = ""


def send_http1(port: int, request: RawRequest) -> bytes:
    """Send a request and return what comes back: of one without a body the answer, else all until the end.

    Envoy keeps a connection that it has refused something on open for a second.
    """
    lines = [f"{request.method} {request.target} HTTP/1.1", *(f"Host: {host}" for host in request.hosts)]
    lines += [*request.fields, "Connection: close", "", request.body]
    answer = bytearray()
    with socket.create_connection(("127.0.0.1", port), _PATIENCE) as connection:
        connection.sendall("\r\n".join(lines).encode("latin-1"))
        while received := _received(connection):
            answer += received
            if not request.body and _is_whole(answer):
                break
    return bytes(answer)


def send_http2(port: int, request: RawRequest) -> bytes:
    """Send a request on a connection of its own; return status and body, nothing where it was reset."""
    host, *more = request.hosts or [""]
    pseudo = [(":method", request.method), (":scheme", "http"), (":path", request.target), (":authority", host)]
    sent = [*pseudo, *(("host", one) for one in more), *map(_pair, request.fields)]
    config = h2.config.H2Configuration(
        validate_outbound_headers=False, normalize_outbound_headers=False, header_encoding=None
    )
    connection = h2.connection.H2Connection(config)
    connection.initiate_connection()
    fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in sent]
    connection.send_headers(1, fields, end_stream=not request.body)
    if request.body:
        connection.send_data(1, request.body.encode("latin-1"), end_stream=True)
    with socket.create_connection(("127.0.0.1", port), _PATIENCE) as stream:
        stream.sendall(connection.data_to_send())
        return _answer(stream, connection)


def _answer(stream: socket.socket, connection: h2.connection.H2Connection) -> bytes:
    answer = b""
    while received := _received(stream):
        for event in connection.receive_data(received):
            if isinstance(event, h2.events.ResponseReceived):
                answer += dict(event.headers)[b":status"] + b" "
            elif isinstance(event, h2.events.DataReceived):
                answer += event.data
            elif isinstance(event, h2.events.StreamEnded | h2.events.StreamReset | h2.events.ConnectionTerminated):
                return answer
        stream.sendall(connection.data_to_send())
    return answer


def _is_whole(answer: bytearray) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\ncontent-length: (\d+)", head)
    return length is not None and len(body) >= int(length[1])


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(_LARGE)
    except ConnectionResetError:
        return b""  # as Envoy ends what is no HTTP


def _pair(field: str) -> tuple[str, str]:
    name, _, value = field[1:].partition(":")
    return field[:1] + name, value.removeprefix(" ")
