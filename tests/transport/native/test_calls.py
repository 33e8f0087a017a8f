"""gRPC calls (gRPC over HTTP/2), byte by byte."""

import logging
from collections.abc import Awaitable

import pytest

from sidecar.transport.deadline import OF_THE_DEADLINE
from sidecar.transport.native import frames
from sidecar.transport.native.errors import ErrorCode
from sidecar.transport.native.frames import frame, rst_stream, window_update
from sidecar.transport.native.grpc_status import CallError, Status
from sidecar.transport.native.limits import Limits
from sidecar.transport.native.methods import Unary
from transport.native.wire import (
    CHECK,
    INITIAL_WINDOW_SIZE,
    USUAL,
    Wire,
    call,
    data,
    echo,
    framed,
    headers,
    later,
    replies,
    settings,
)


def test_call_is_answered() -> None:
    """A message gets the handler's message, with status OK."""
    reply = replies(Wire().send(call(1, b"question")))[1]
    assert (reply.message, reply.status, reply.ended, reply.reset) == (b"question", "0", True, None)
    assert (reply.headers[":status"], reply.headers["content-type"]) == ("200", "application/grpc")


def test_message_may_come_in_any_number_of_frames() -> None:
    """DATA frames need not be messages: even the prefix may be cut, and padded."""
    whole = framed(b"question")
    wire = Wire()
    wire.send(headers(1) + data(1, whole[:3], end=False))
    wire.send(frame(frames.DATA, frames.PADDED, 1, b"\x04" + whole[3:8] + bytes(4)))
    assert replies(wire.send(data(1, whole[8:])))[1].message == b"question"


def test_empty_data_frame_may_end_a_request() -> None:
    """The end of a request may stand by itself."""
    assert replies(Wire().send(headers(1) + data(1, framed(b"x"), end=False) + data(1, b"")))[1].message == b"x"


def test_trailers_may_end_a_request() -> None:
    """Trailers are taken, and change nothing."""
    trailers = headers(1, {"x-checksum": "1"}, end=True)
    assert replies(Wire().send(headers(1) + data(1, framed(b"x"), end=False) + trailers))[1].message == b"x"


def test_large_answer_goes_in_frames_that_the_peer_takes() -> None:
    """An answer larger than the peer's MAX_FRAME_SIZE is cut."""
    wire = Wire(lambda _message, _seconds: bytes(40_000))
    received = wire.send(call(1))
    assert replies(received)[1].message == bytes(40_000)
    assert [len(one.payload) for one in received if one.kind == frames.DATA] == [16384, 16384, 40_005 - 2 * 16384]


@pytest.mark.parametrize(
    ("fields", "status", "text"),
    [
        ({":path": "/envoy.service.auth.v3.Authorization/Other"}, "12", "unknown method"),
        ({":path": "/"}, "12", "unknown method /"),
        ({":path": "/é%"}, "12", "unknown method /%C3%83%C2%A9%25"),
        ({"grpc-encoding": "gzip"}, "12", "compressed messages are not taken"),
        ({"grpc-timeout": "1"}, "13", "malformed grpc-timeout"),
        ({"grpc-timeout": "123456789S"}, "13", "malformed grpc-timeout"),
    ],
)
def test_call_that_is_not_taken_is_refused_at_once(fields: dict[str, str], status: str, text: str) -> None:
    """Its status says why, before its request has ended; the rest of the request is not wanted."""
    reply = replies(Wire().send(headers(1, USUAL | fields)))[1]
    assert (reply.status, reply.ended, reply.reset) == (status, True, ErrorCode.NO_ERROR)
    assert reply.headers["grpc-message"].startswith(text)
    assert reply.headers.get("grpc-accept-encoding") == ("identity" if status == "12" else None)


def test_what_follows_a_refusal_is_no_fault() -> None:
    """DATA and trailers of a request that was refused were on their way, and are dropped."""
    wire = Wire()
    wire.send(headers(1, USUAL | {":path": "/other"}))
    assert wire.send(data(1, framed(b"x"), end=False) + headers(1, {"x": "y"}, end=True)) == []
    assert replies(wire.send(call(3, b"next")))[3].message == b"next"


@pytest.mark.parametrize("encoding", ["identity"])
def test_identity_encoding_is_taken(encoding: str) -> None:
    """To say that a message is not compressed is fine."""
    assert replies(Wire().send(call(1, b"x", grpc_encoding=encoding)))[1].message == b"x"


@pytest.mark.parametrize("kind", ["application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"])
def test_grpc_content_types(kind: str) -> None:
    """What begins as gRPC's content type goes on with + or ; or not at all."""
    assert replies(Wire().send(call(1, b"x", content_type=kind)))[1].status == "0"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"content-type": "application/json"}, "415"),
        ({"content-type": "application/grpc-web"}, "415"),
        ({"content-type": ""}, "415"),
        ({":method": "GET"}, "405"),
        ({":method": "HEAD"}, "405"),
    ],
)
def test_other_http_gets_an_http_status(fields: dict[str, str], status: str) -> None:
    """What is no gRPC request gets an HTTP status, once it has ended; HEAD gets no body with it."""
    wire = Wire()
    assert replies(wire.send(headers(1, USUAL | fields) + data(1, b"{", end=False))) == {}
    reply = replies(wire.send(data(1, b"}")))[1]
    assert (reply.headers[":status"], reply.ended, reply.reset) == (status, True, None)
    assert (reply.body == b"") is (fields.get(":method") == "HEAD")


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        (b"", "13", "the request ends before its message does"),
        (framed(b"hello")[:-1], "13", "the request ends before its message does"),
        (framed(b"hello")[:4], "13", "the request ends before its message does"),
        (framed(b"hello") + b"\0", "13", "more than one message in a unary call"),
        (framed(b"a") + framed(b"b"), "13", "more than one message in a unary call"),
        (framed(b"hello", compressed=1), "13", "a compressed message, and no grpc-encoding"),
        (b"\0\xff\xff\xff\xff", "8", "a message of 4294967295 bytes"),
    ],
)
def test_what_is_no_message_is_refused(body: bytes, status: str, text: str) -> None:
    """A body that is not exactly one message gets a status."""
    reply = replies(Wire().send(headers(1) + data(1, body)))[1]
    assert (reply.status, reply.ended) == (status, True)
    assert reply.headers["grpc-message"].startswith(text)


def test_request_without_a_body_has_no_message() -> None:
    """HEADERS that end the stream are a call without its message."""
    assert replies(Wire().send(headers(1, end=True)))[1].status == "13"


def test_message_over_the_limit_is_refused_before_it_is_here() -> None:
    """The size stands in the prefix: nothing of the message is waited for."""
    wire = Wire(limits=Limits(max_message_bytes=1000))
    reply = replies(wire.send(headers(1) + data(1, framed(bytes(1001))[:10], end=False)))[1]
    assert (reply.status, reply.reset) == ("8", ErrorCode.NO_ERROR)
    assert replies(wire.send(call(3, bytes(1000))))[3].status == "0"
    assert replies(wire.send(call(5, bytes(1001))))[5].status == "8"


def test_message_over_the_limit_is_answered_where_there_is_an_answer() -> None:
    """A method may have an answer of its own to what is too large; nothing of the message is waited for."""
    wire = Wire(limits=Limits(max_message_bytes=1000), methods={CHECK: Unary(echo, lambda: b"no")})
    reply = replies(wire.send(headers(1) + data(1, framed(bytes(1001))[:10], end=False)))[1]
    assert (reply.status, reply.message, reply.reset) == ("0", b"no", ErrorCode.NO_ERROR)
    reply = replies(wire.send(call(3, bytes(1001))))[3]
    assert (reply.status, reply.message) == ("0", b"no")
    assert replies(wire.send(call(5, bytes(1000))))[5].message == bytes(1000)


def test_rest_of_what_was_answered_is_dropped() -> None:
    """While the answer waits for the peer's window, what still comes of the message changes nothing and is not kept."""
    limits = Limits(max_message_bytes=1000, stream_window_bytes=70_000, connection_window_bytes=70_000)
    wire = Wire(limits=limits, methods={CHECK: Unary(echo, lambda: b"no")})
    wire.send(settings({INITIAL_WINDOW_SIZE: 0}))
    wire.send(headers(1) + data(1, framed(bytes(10**6))[:10], end=False))
    for _ in range(100):
        sent = wire.send(data(1, bytes(10_000), end=False))
        assert not [one for one in sent if one.kind in (frames.RST_STREAM, frames.GOAWAY)]
    assert wire.connection.intake._held <= 10
    wire.send(data(1, b"", end=True))
    assert replies(wire.send(window_update(1, 1000)))[1].status == "0"
    assert wire.connection.streams.alive == {}


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [
        ("2H", 7200.0),
        ("3M", 180.0),
        ("20S", 20.0),
        ("200m", 0.2),
        ("50u", 5e-5),
        ("1n", 1e-9),
        ("99999999S", 99999999.0),
    ],
)
def test_handler_gets_nine_tenths_of_the_deadline(timeout: str, seconds: float) -> None:
    """In every unit of grpc-timeout; a tenth is for the way back."""
    given: list[float | None] = []

    def note(message: bytes, limit: float | None) -> bytes:
        given.append(limit)
        return message

    Wire(note).send(call(1, grpc_timeout=timeout) + call(3))
    assert given == [pytest.approx(seconds * OF_THE_DEADLINE), None]


def test_time_that_a_request_took_to_come_counts() -> None:
    """The deadline runs from the headers on."""
    given: list[float | None] = []

    def note(_message: bytes, limit: float | None) -> Awaitable[bytes]:
        given.append(limit)
        return later(b"", None)

    wire = Wire(note)
    wire.send(headers(1, grpc_timeout="2S"))
    wire.now += 1.5
    wire.send(data(1, framed(b"x")))
    assert given == [pytest.approx(0.5 * OF_THE_DEADLINE)]
    assert wire.outside.begun == {1: pytest.approx(0.5)}


def test_answers_that_are_awaited_come_in_any_order() -> None:
    """Each goes to the stream that asked."""
    wire = Wire(later)
    assert replies(wire.send(call(1) + call(3))) == {}
    assert wire.outside.begun == {1: None, 3: None}
    wire.calls.settle(3, b"third")
    wire.calls.settle(1, b"first")
    found = replies(wire.take())
    assert (found[1].message, found[3].message) == (b"first", b"third")


def test_reset_stops_the_handler() -> None:
    """Whoever resets a stream is not worked for any more; its answer goes nowhere."""
    wire = Wire(later)
    wire.send(call(1) + call(3) + rst_stream(1, ErrorCode.CANCEL))
    assert wire.outside.cancelled == [1]
    wire.calls.settle(1, b"too late")
    assert wire.take() == []


def test_end_of_the_connection_stops_all_handlers() -> None:
    """A connection that fails leaves nothing behind."""
    wire = Wire(later)
    wire.send(call(1) + call(3) + frame(frames.PING, 0, 1, bytes(8)))
    assert wire.closed
    assert sorted(wire.outside.cancelled) == [1, 3]


def test_handler_may_choose_the_status() -> None:
    """``CallError`` is what the caller is told, with its text percent-encoded."""

    def refuse(_message: bytes, _seconds: float | None) -> bytes:
        raise CallError(Status.NOT_FOUND, "nö such\nthing")

    reply = replies(Wire(refuse).send(call(1)))[1]
    assert (reply.status, reply.headers["grpc-message"]) == ("5", "n%C3%B6 such%0Athing")


def test_handler_that_fails_tells_the_log_and_not_the_caller(caplog: pytest.LogCaptureFixture) -> None:
    """An error of ours is INTERNAL without a word of it, and the connection goes on."""

    def fail(message: bytes, _seconds: float | None) -> bytes:
        if message == b"hello":
            raise KeyError("secret")
        return message

    wire = Wire(fail)
    with caplog.at_level(logging.ERROR):
        found = replies(wire.send(call(1) + call(3, b"fine")))
    assert (found[1].status, found[3].status) == ("13", "0")
    assert "secret" not in found[1].headers["grpc-message"]
    assert "KeyError: 'secret'" in caplog.text
