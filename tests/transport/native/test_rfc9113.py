"""Faults of a peer, and what RFC 9113 has them come to."""

import struct

import pytest

from sidecar.transport.native import frames
from sidecar.transport.native.errors import ErrorCode
from sidecar.transport.native.frames import frame, rst_stream, window_update
from transport.native.wire import (
    USUAL,
    Wire,
    block,
    call,
    data,
    ending,
    framed,
    greeting,
    headers,
    later,
    replies,
    settings,
)

P, F, S, C, W = (
    ErrorCode.PROTOCOL_ERROR,
    ErrorCode.FRAME_SIZE_ERROR,
    ErrorCode.STREAM_CLOSED,
    ErrorCode.COMPRESSION_ERROR,
    ErrorCode.FLOW_CONTROL_ERROR,
)
BLOCK = block()
HUGE = struct.pack(">I", 2**31 - 1)


@pytest.mark.parametrize(
    ("received", "code"),
    [
        pytest.param(data(0, b"x"), P, id="DATA on stream 0 (6.1)"),
        pytest.param(data(1, b"x"), P, id="DATA on an idle stream (5.1)"),
        pytest.param(call(1) + data(1, b"x"), S, id="DATA on a closed stream (5.1)"),
        pytest.param(call(1) + headers(1), S, id="HEADERS on a closed stream (5.1)"),
        pytest.param(headers(1) + frame(frames.DATA, frames.PADDED, 1, b"\x05abcd"), P, id="padding too long (6.1)"),
        pytest.param(headers(1) + frame(frames.DATA, frames.PADDED, 1), F, id="padded without a length (6.1)"),
        pytest.param(headers(0), P, id="HEADERS on stream 0 (6.2)"),
        pytest.param(headers(2), P, id="HEADERS on a server's stream (5.1.1)"),
        pytest.param(headers(5) + headers(3), P, id="a stream below another (5.1.1)"),
        pytest.param(headers(5) + data(3, b"x"), P, id="DATA on a stream that was skipped (5.1.1)"),
        pytest.param(
            frame(frames.HEADERS, frames.END_HEADERS | frames.HAS_PRIORITY, 1, b"abc"),
            F,
            id="no room for priority (6.2)",
        ),
        pytest.param(frame(frames.PRIORITY, 0, 0, bytes(5)), P, id="PRIORITY on stream 0 (6.3)"),
        pytest.param(frame(frames.PRIORITY, 0, 1, bytes(4)), F, id="PRIORITY of 4 bytes (6.3)"),
        pytest.param(rst_stream(0, ErrorCode.CANCEL), P, id="RST_STREAM on stream 0 (6.4)"),
        pytest.param(rst_stream(1, ErrorCode.CANCEL), P, id="RST_STREAM on an idle stream (6.4)"),
        pytest.param(headers(1) + frame(frames.RST_STREAM, 0, 1, bytes(3)), F, id="RST_STREAM of 3 bytes (6.4)"),
        pytest.param(frame(frames.SETTINGS, 0, 1), P, id="SETTINGS on a stream (6.5)"),
        pytest.param(frame(frames.SETTINGS, 0, 0, bytes(5)), F, id="SETTINGS of 5 bytes (6.5)"),
        pytest.param(frame(frames.SETTINGS, frames.ACK, 0, bytes(6)), F, id="acknowledged SETTINGS with some (6.5)"),
        pytest.param(settings({2: 2}), P, id="ENABLE_PUSH of 2 (6.5.2)"),
        pytest.param(settings({4: 2**31}), W, id="INITIAL_WINDOW_SIZE of 2^31 (6.5.2)"),
        pytest.param(settings({5: 16383}), P, id="MAX_FRAME_SIZE of 16383 (6.5.2)"),
        pytest.param(settings({5: 2**24}), P, id="MAX_FRAME_SIZE of 2^24 (6.5.2)"),
        pytest.param(frame(frames.PUSH_PROMISE, frames.END_HEADERS, 1, bytes(4)), P, id="PUSH_PROMISE (8.4)"),
        pytest.param(frame(frames.PING, 0, 1, bytes(8)), P, id="PING on a stream (6.7)"),
        pytest.param(frame(frames.PING, 0, 0, bytes(7)), F, id="PING of 7 bytes (6.7)"),
        pytest.param(frame(frames.GOAWAY, 0, 1, bytes(8)), P, id="GOAWAY on a stream (6.8)"),
        pytest.param(frame(frames.GOAWAY, 0, 0, bytes(7)), F, id="GOAWAY of 7 bytes (6.8)"),
        pytest.param(window_update(0, 0), P, id="WINDOW_UPDATE of nothing (6.9)"),
        pytest.param(window_update(1, 1), P, id="WINDOW_UPDATE on an idle stream (5.1)"),
        pytest.param(frame(frames.WINDOW_UPDATE, 0, 0, bytes(3)), F, id="WINDOW_UPDATE of 3 bytes (6.9)"),
        pytest.param(frame(frames.WINDOW_UPDATE, 0, 0, HUGE), W, id="a connection's window too large (6.9.1)"),
        pytest.param(frame(frames.CONTINUATION, 0, 1, BLOCK), P, id="CONTINUATION of nothing (6.10)"),
        pytest.param(call(1) + frame(frames.CONTINUATION, 4, 1), P, id="CONTINUATION after END_HEADERS (6.10)"),
        pytest.param(frame(frames.HEADERS, 0, 1, BLOCK) + data(1, b"x"), P, id="DATA within a header block (6.10)"),
        pytest.param(frame(frames.HEADERS, 0, 1, BLOCK) + frame(77, 0, 0), P, id="unknown within a header block (5.5)"),
        pytest.param(
            frame(frames.HEADERS, 0, 1, BLOCK) + frame(frames.CONTINUATION, 4, 3), P, id="another's CONTINUATION (6.10)"
        ),
        pytest.param(frame(frames.HEADERS, frames.END_HEADERS, 1, b"\xff"), C, id="a broken header block (4.3)"),
        pytest.param(frame(frames.HEADERS, frames.END_HEADERS, 1, b"\xc0"), C, id="an index that is not there (4.3)"),
        pytest.param(frame(frames.HEADERS, frames.END_HEADERS, 1, b"\x3f\xe2\x1f"), C, id="too large a table (4.3)"),
        pytest.param(frames.HEAD.pack(64, 1, frames.DATA, 0, 1), F, id="a frame of 16385 bytes (4.2)"),
    ],
)
def test_fault_ends_the_connection(received: bytes, code: ErrorCode) -> None:
    """GOAWAY has the code, and says what the fault is; nothing after it is looked at."""
    wire = Wire()
    found, text = ending(wire.send(received))
    assert found is code
    assert text
    assert wire.closed
    assert wire.send(call(101)) == []


@pytest.mark.parametrize(
    "received",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        frames.PREFACE[:-1] + b"x",
        frames.PREFACE + call(1),
        frames.PREFACE + frame(frames.PING, 0, 0, bytes(8)),
        frames.PREFACE + frame(frames.SETTINGS, frames.ACK, 0),
    ],
)
def test_connection_begins_with_preface_and_settings(received: bytes) -> None:
    """Anything else is no HTTP/2 (section 3.4)."""
    assert ending(Wire(greet=False).send(received))[0] is P


@pytest.mark.parametrize(
    ("received", "code"),
    [
        pytest.param(headers(1, USUAL | {"Upper": "x"}), P, id="a name in capitals (8.2.1)"),
        pytest.param(headers(1, USUAL | {"a b": "x"}), P, id="a name with a space (8.2.1)"),
        pytest.param(headers(1, USUAL | {"": "x"}), P, id="no name (8.2.1)"),
        pytest.param(headers(1, USUAL | {"x": "a\nb"}), P, id="a value with LF (8.2.1)"),
        pytest.param(headers(1, USUAL | {"x": "a\0b"}), P, id="a value with NUL (8.2.1)"),
        pytest.param(headers(1, USUAL | {"connection": "close"}), P, id="connection (8.2.2)"),
        pytest.param(headers(1, USUAL | {"transfer-encoding": "chunked"}), P, id="transfer-encoding (8.2.2)"),
        pytest.param(headers(1, USUAL | {"te": "gzip"}), P, id="te (8.2.2)"),
        pytest.param(headers(1, USUAL | {":other": "x"}), P, id="an unknown pseudo-header (8.3)"),
        pytest.param(headers(1, USUAL | {":status": "200"}), P, id="an answer's pseudo-header (8.3)"),
        pytest.param(headers(1, {"te": "trailers"} | USUAL), P, id="a pseudo-header after others (8.3)"),
        pytest.param(headers(1, {":method": "POST", ":scheme": "http"}), P, id="no path (8.3.1)"),
        pytest.param(headers(1, USUAL | {":path": ""}), P, id="an empty path (8.3.1)"),
        pytest.param(headers(1, USUAL | {"content-length": "x"}), P, id="content-length x (8.1.1)"),
        pytest.param(headers(1, USUAL | {"content-length": "1"}, end=True), P, id="less than content-length (8.1.1)"),
        pytest.param(call(1, content_length="9"), P, id="fewer bytes than content-length (8.1.1)"),
        pytest.param(call(1, content_length="11"), P, id="more bytes than content-length (8.1.1)"),
        pytest.param(headers(1) + headers(1), P, id="trailers that do not end the request (8.1)"),
        pytest.param(headers(1) + headers(1, {":path": "/"}, end=True), P, id="a pseudo-header in trailers (8.1)"),
        pytest.param(headers(1) + headers(1, {"Upper": "x"}, end=True), P, id="a trailer in capitals (8.2.1)"),
        pytest.param(headers(1) + frame(frames.WINDOW_UPDATE, 0, 1, HUGE), W, id="a stream's window too large (6.9.1)"),
        pytest.param(headers(1) + window_update(1, 0), P, id="WINDOW_UPDATE of nothing (6.9)"),
    ],
)
def test_fault_ends_the_stream(received: bytes, code: ErrorCode) -> None:
    """RST_STREAM has the code, and other streams go on."""
    wire = Wire()
    assert replies(wire.send(received))[1].reset is code
    assert replies(wire.send(call(3, b"next")))[3].message == b"next"
    assert not wire.connection.streams.alive


def test_pseudo_header_twice_ends_the_stream() -> None:
    """A dict cannot have one twice (section 8.3)."""
    twice = block([*USUAL.items(), (":path", "/other")])
    first = block([(":path", "/other"), *USUAL.items()])
    wire = Wire()
    for stream_id, fields in ((1, twice), (3, first)):
        received = wire.send(frame(frames.HEADERS, frames.END_HEADERS, stream_id, fields))
        assert replies(received)[stream_id].reset is P


@pytest.mark.parametrize("received", [data(1, b"x"), headers(1, {"x": "y"}, end=True)], ids=["DATA", "HEADERS"])
def test_more_of_a_request_that_has_ended_ends_its_stream(received: bytes) -> None:
    """STREAM_CLOSED, while its answer is still awaited (section 5.1); the handler is stopped."""
    wire = Wire(later)
    assert replies(wire.send(call(1) + received))[1].reset is S
    assert wire.outside.cancelled == [1]


@pytest.mark.parametrize(
    "received",
    [
        pytest.param(frame(frames.PRIORITY, 0, 9, bytes(5)), id="PRIORITY of an idle stream (5.3.2)"),
        pytest.param(frame(77, 255, 3, b"whatever"), id="a type that is not known (5.5)"),
        pytest.param(
            settings({77: 1, 3: 0, 6: 1, 1: 0}), id="settings that are not known, or not ours to heed (6.5.2)"
        ),
        pytest.param(frame(frames.SETTINGS, frames.ACK, 0), id="acknowledged SETTINGS (6.5.3)"),
        pytest.param(frame(frames.PING, frames.ACK, 0, bytes(8)), id="an acknowledged PING that was none (6.7)"),
        pytest.param(frame(frames.GOAWAY, 0, 0, bytes(8)), id="GOAWAY: we open no streams (6.8)"),
        pytest.param(call(1) + window_update(1, 9), id="WINDOW_UPDATE of a closed stream (5.1)"),
        pytest.param(call(1) + rst_stream(1, ErrorCode.CANCEL), id="RST_STREAM of a closed stream (5.1)"),
        pytest.param(headers(5) + rst_stream(3, ErrorCode.CANCEL), id="RST_STREAM of a skipped stream (5.1.1)"),
    ],
)
def test_what_is_no_fault_changes_nothing(received: bytes) -> None:
    """Calls go on."""
    wire = Wire()
    wire.send(received)
    assert replies(wire.send(call(101, b"next")))[101].message == b"next"


def test_headers_may_be_padded_and_have_a_priority() -> None:
    """Both are dropped (section 6.2)."""
    payload = b"\x03" + bytes(5) + BLOCK + bytes(3)
    flags = frames.END_HEADERS | frames.PADDED | frames.HAS_PRIORITY
    received = frame(frames.HEADERS, flags, 1, payload) + data(1, framed(b"x"))
    assert replies(Wire().send(received))[1].message == b"x"


def test_header_block_may_come_in_any_number_of_frames() -> None:
    """CONTINUATION frames, empty ones too (section 6.10)."""
    parts = [BLOCK[:1], b"", BLOCK[1:20], BLOCK[20:]]
    received = frame(frames.HEADERS, 0, 1, parts[0])
    received += b"".join(frame(frames.CONTINUATION, 0, 1, part) for part in parts[1:-1])
    received += frame(frames.CONTINUATION, frames.END_HEADERS, 1, parts[-1]) + data(1, framed(b"x"))
    assert replies(Wire().send(received))[1].message == b"x"


def test_settings_and_ping_are_acknowledged() -> None:
    """SETTINGS by an empty one, PING by its own eight bytes (sections 6.5.3 and 6.7)."""
    received = Wire().send(settings({4: 1}) + frame(frames.PING, 0, 0, b"12345678"))
    assert [(one.kind, one.flags, one.payload) for one in received] == [
        (frames.SETTINGS, frames.ACK, b""),
        (frames.PING, frames.ACK, b"12345678"),
    ]


def test_reserved_bits_are_ignored() -> None:
    """The highest bit of a stream identifier, and of a window increment (sections 4.1 and 6.9)."""
    head = frames.HEAD.pack(0, 4, frames.WINDOW_UPDATE, 0, 1 << 31)
    wire = Wire()
    assert wire.send(head + struct.pack(">I", 1 << 31 | 5)) == []
    assert wire.connection.outlet.window == 65535 + 5


def test_first_frame_is_settings() -> None:
    """The server's preface is its SETTINGS (section 3.4), whatever the client sends."""
    wire = Wire(greet=False)
    received = wire.take()
    assert [(one.kind, one.flags, one.stream_id) for one in received] == [
        (frames.SETTINGS, 0, 0),
        (frames.WINDOW_UPDATE, 0, 0),
    ]
    asked = dict(struct.iter_unpack(">HI", received[0].payload))
    assert asked == {1: 0, 3: 1024, 4: 1024**2, 5: 16384, 6: 16 * 1024**2}
    assert 65535 + int.from_bytes(received[1].payload, "big") == 16 * 1024**2
    assert [one.kind for one in wire.send(greeting())] == [frames.SETTINGS]
