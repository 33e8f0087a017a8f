"""HTTP/2 from the client's end, byte by byte, and a server's end without a socket."""

import struct
from collections.abc import Awaitable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hpack import Decoder, Encoder, NeverIndexedHeaderTuple

from sidecar.transport.native import frames
from sidecar.transport.native.calls import Calls
from sidecar.transport.native.errors import ErrorCode
from sidecar.transport.native.frames import Frame, frame
from sidecar.transport.native.limits import Limits
from sidecar.transport.native.methods import Methods, Unary
from sidecar.transport.tracing import Answer

CHECK = b"/envoy.service.auth.v3.Authorization/Check"
USUAL = {
    ":method": "POST",
    ":scheme": "http",
    ":path": CHECK.decode(),
    ":authority": "authz",
    "te": "trailers",
    "content-type": "application/grpc",
}
#: Settings by their numbers (RFC 9113, section 6.5.2).
INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE = 4, 5


def block(fields: Iterable[tuple[str, str]] = USUAL.items()) -> bytes:
    """Return a header block that uses no dynamic table."""
    return Encoder().encode([NeverIndexedHeaderTuple(*pair) for pair in fields])


def settings(values: Mapping[int, int] | None = None) -> bytes:
    """Return a SETTINGS frame."""
    return frame(frames.SETTINGS, 0, 0, b"".join(struct.pack(">HI", *pair) for pair in (values or {}).items()))


def greeting(values: Mapping[int, int] | None = None) -> bytes:
    """Return what a client begins with."""
    return frames.PREFACE + settings(values)


def headers(stream_id: int, fields: Mapping[str, str] | None = None, *, end: bool = False, **more: str) -> bytes:
    """Return HEADERS of a check; ``more`` has more fields, with ``_`` for ``-``."""
    wanted = dict(USUAL if fields is None else fields) | {name.replace("_", "-"): value for name, value in more.items()}
    flags = frames.END_HEADERS | (frames.END_STREAM if end else 0)
    return frame(frames.HEADERS, flags, stream_id, block(wanted.items()))


def data(stream_id: int, payload: bytes, *, end: bool = True) -> bytes:
    """Return a DATA frame."""
    return frame(frames.DATA, frames.END_STREAM if end else 0, stream_id, payload)


def framed(message: bytes, *, compressed: int = 0) -> bytes:
    """Return a message as gRPC frames it."""
    return struct.pack(">BI", compressed, len(message)) + message


def call(stream_id: int, message: bytes = b"hello", **more: str) -> bytes:
    """Return a whole check."""
    return headers(stream_id, None, end=False, **more) + data(stream_id, framed(message))


def cut(received: bytes) -> list[Frame]:
    """Cut bytes into frames; there must be nothing left over."""
    found = []
    while received:
        high, low, kind, flags, stream_id = frames.HEAD.unpack_from(received)
        end = 9 + (high << 8 | low)
        assert len(received) >= end
        found.append(Frame(kind, flags, stream_id, received[9:end]))
        received = received[end:]
    return found


@dataclass
class Reply:
    """What a stream was answered."""

    headers: dict[str, str] = field(default_factory=dict)  #: trailers as well
    body: bytes = b""
    ended: bool = False
    reset: ErrorCode | None = None

    @property
    def message(self) -> bytes:
        """Return the one message, out of its frame."""
        assert self.body[:5] == struct.pack(">BI", 0, len(self.body) - 5)
        return self.body[5:]

    @property
    def status(self) -> str:
        """Return the gRPC status."""
        return self.headers["grpc-status"]


def replies(received: Iterable[Frame]) -> dict[int, Reply]:
    """Return what streams were answered."""
    found: dict[int, Reply] = {}
    decoder = Decoder()
    for one in received:
        reply = found.setdefault(one.stream_id, Reply())
        if one.kind == frames.HEADERS:
            reply.headers |= {str(name): str(value) for name, value in decoder.decode(one.payload)}
        elif one.kind == frames.DATA:
            reply.body += one.payload
        elif one.kind == frames.RST_STREAM:
            reply.reset = ErrorCode(int.from_bytes(one.payload, "big"))
        reply.ended |= one.kind in (frames.HEADERS, frames.DATA) and bool(one.flags & frames.END_STREAM)
    found.pop(0, None)
    return found


class Promise(Awaitable[bytes]):
    """An answer that a test gives when it wants to."""

    def __await__(self) -> Generator[Any, None, bytes]:
        """Never be awaited: ``Outside`` has it given."""
        raise AssertionError


@dataclass
class Outside:
    """What ``Calls`` asks for, noted."""

    begun: dict[int, float | None] = field(default_factory=dict)
    cancelled: list[int] = field(default_factory=list)
    flushes: int = 0
    looks: int = 0

    def begin(self, stream_id: int, awaitable: Awaitable[bytes], seconds: float | None) -> None:
        """Note it."""
        assert isinstance(awaitable, Promise)
        self.begun[stream_id] = seconds

    def cancel(self, stream_id: int) -> None:
        """Note it."""
        self.cancelled.append(stream_id)

    def holds_more(self) -> None:
        """Note it."""
        self.looks += 1

    def flush_soon(self) -> None:
        """Note it."""
        self.flushes += 1


def echo(message: bytes, _seconds: float | None) -> bytes:
    """Answer with what was asked; a handler."""
    return message


def later(_message: bytes, _seconds: float | None) -> Awaitable[bytes]:
    """Answer some time; a handler."""
    return Promise()


class Wire:
    """A server's end. ``send`` is told the client's bytes and returns the frames that come back."""

    def __init__(
        self, answer: Answer = echo, limits: Limits | None = None, *, methods: Methods | None = None, greet: bool = True
    ) -> None:
        self.now = 100.0
        self.outside = Outside()
        taken = methods if methods is not None else {CHECK: Unary(answer)}
        self.calls = Calls(limits or Limits(), taken, self.outside, self.now)
        self.connection = self.calls.connection
        if greet:
            self.send(greeting())

    def send(self, received: bytes) -> list[Frame]:
        """Have the server read these bytes."""
        self.calls.received(received, self.now)
        return self.take()

    def tick(self, seconds: float) -> list[Frame]:
        """Let time pass."""
        self.now += seconds
        self.calls.tick(self.now)
        return self.take()

    def take(self) -> list[Frame]:
        """Return what the server has to send, and forget it."""
        found = cut(b"".join(self.connection.out))
        self.connection.out.clear()
        return found

    @property
    def closed(self) -> bool:
        """Return whether the connection is over."""
        return self.connection.closed


def ending(received: Iterable[Frame]) -> tuple[ErrorCode, str]:
    """Return the error of the GOAWAY that must be the last frame, and its text."""
    *_, last = received
    assert last.kind == frames.GOAWAY
    return ErrorCode(int.from_bytes(last.payload[4:8], "big")), last.payload[8:].decode()
