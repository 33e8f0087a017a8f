"""A client that costs next to nothing: gRPC unary calls over HTTP/2 with every byte prepared beforehand.

For load alone. It knows as much of HTTP/2 (RFC 9113) as a well-behaved server on loopback makes it know: one header
block for all calls, answers told apart by their stream, flow control of what it sends, ping and settings answered.
"""

import asyncio
import struct
from collections.abc import Callable
from typing import cast

from hpack import Encoder, NeverIndexedHeaderTuple

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST, _SETTINGS, _PING, _GOAWAY, _WINDOW = 0, 1, 3, 4, 6, 7, 8
_END_STREAM, _END_HEADERS, _ACK, _PADDED = 1, 4, 1, 8
_LARGEST = 2**31 - 1
_WINDOW_BYTES = 65535

#: Told of an answer: when its call was due, and the message (empty where there is none).
Answered = Callable[[float, bytes], None]


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def _block(path: str) -> bytes:
    headers = {":method": "POST", ":scheme": "http", ":path": path, ":authority": "authz", "te": "trailers"}
    headers["content-type"] = "application/grpc"
    # Never indexed: the block is then the same for every call.
    return Encoder().encode([NeverIndexedHeaderTuple(*pair) for pair in headers.items()])


class Client(asyncio.Protocol):
    """One connection. ``call`` does not wait; ``answered`` is told of the answer."""

    def __init__(self, path: str, answered: Answered) -> None:
        self._headers = _block(path)
        self._answered = answered
        self._calls: dict[int, tuple[float, bytearray]] = {}
        self._next = 1
        self._window = _WINDOW_BYTES
        self._queue: list[tuple[float, bytes]] = []
        self._received = bytearray()
        self._consumed = 0

    @property
    def waiting(self) -> int:
        """Return how many calls have no answer yet."""
        return len(self._calls) + len(self._queue)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = transport = cast("asyncio.WriteTransport", transport)  # uvloop's are not of its class
        settings = struct.pack(">HI", 4, _LARGEST)
        window = _frame(_WINDOW, 0, 0, struct.pack(">I", _LARGEST - _WINDOW_BYTES))
        transport.write(_PREFACE + _frame(_SETTINGS, 0, 0, settings) + window)

    def close(self) -> None:
        """End the connection."""
        self._transport.close()

    def call(self, due: float, message: bytes) -> None:
        """Send a call that was due at ``due`` (any clock), or queue it where the server takes no more bytes."""
        self._queue.append((due, message))
        self._send()

    def _send(self) -> None:
        while self._queue and len(self._queue[0][1]) + 5 <= self._window:
            due, message = self._queue.pop(0)
            stream, self._next = self._next, self._next + 2
            self._calls[stream] = (due, bytearray())
            body = b"\0" + struct.pack(">I", len(message)) + message
            self._window -= len(body)
            head = _frame(_HEADERS, _END_HEADERS, stream, self._headers)
            self._transport.write(head + _frame(_DATA, _END_STREAM, stream, body))

    def data_received(self, data: bytes) -> None:
        """Take frames apart."""
        self._received += data
        start = 0
        while len(self._received) - start >= 9:  # noqa: PLR2004 - a frame's head
            length = int.from_bytes(self._received[start : start + 3], "big")
            if len(self._received) - start < 9 + length:
                break
            kind, flags = self._received[start + 3], self._received[start + 4]
            stream = int.from_bytes(self._received[start + 5 : start + 9], "big") & _LARGEST
            self._take(kind, flags, stream, bytes(self._received[start + 9 : start + 9 + length]))
            start += 9 + length
        del self._received[:start]

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == _DATA and stream in self._calls:
            self._calls[stream][1].extend(payload)
            self._consumed += len(payload)
            if self._consumed > _LARGEST // 4:
                self._transport.write(_frame(_WINDOW, 0, 0, struct.pack(">I", self._consumed)))
                self._consumed = 0
        elif kind == _WINDOW and stream == 0:
            self._window += int.from_bytes(payload, "big")
            self._send()
        elif kind in (_SETTINGS, _PING) and not flags & _ACK:
            self._transport.write(_frame(kind, _ACK, 0, payload if kind == _PING else b""))
        if (kind in (_HEADERS, _DATA) and flags & _END_STREAM) or kind == _RST:
            # gRPC may send RST_STREAM after an answer that is complete.
            due, body = self._calls.pop(stream, (0.0, None))
            if body is not None:
                self._answered(due, bytes(body[5:]))


async def connect(address: str, path: str, answered: Answered) -> Client:
    """Connect to ``unix:/path`` or ``host:port``."""
    loop = asyncio.get_running_loop()

    def make() -> Client:
        return Client(path, answered)

    if address.startswith("unix:"):
        _, client = await loop.create_unix_connection(make, address.removeprefix("unix:"))
    else:
        host, _, port = address.rpartition(":")
        _, client = await loop.create_connection(make, host, int(port))
    return client
