"""What inputs mean: records, which make reads of a client, with time that passes between them.

```
kind (8) | flags (8) | length (16) | body

kind      0 …  15   a frame of this kind and these flags, whose stream is the body's first byte
         16 … 127   a check, whose message is the body
        128 … 159   HEADERS with these flags on the next stream; the body is the block
        160 … 191   the body, as it is
        192 … 255   so many seconds as flags say

240 … 255 in the first record   what the client does not send first: bit 0 of flags its SETTINGS, bit 1 the preface too
```

What is left over, too short for a record, is read as it is.
"""

import struct
from collections.abc import Iterator

from sidecar.transport.native import frames

CHECK = b"/envoy.service.auth.v3.Authorization/Check"
WATCH = b"/grpc.health.v1.Health/Watch"
_HEAD = struct.Struct(">BBH")
#: Kinds from here on, in the first record, say how the client greets.
_GREETING = 240
NO_SETTINGS, NO_PREFACE = 1, 2


def field(name: bytes, value: bytes) -> bytes:
    """Return a literal without indexing (RFC 7541, section 6.2.2), no Huffman coding, each below 127 bytes."""
    return b"\x00" + bytes((len(name),)) + name + bytes((len(value),)) + value


def block(path: bytes) -> bytes:
    """Return a call's usual header block, literals alone."""
    usual = ((b":method", b"POST"), (b":scheme", b"http"), (b":path", path), (b"content-type", b"application/grpc"))
    return b"".join(field(name, value) for name, value in usual)


def record(kind: int, flags: int, body: bytes = b"") -> bytes:
    """Return a record of an input."""
    return _HEAD.pack(kind, flags, len(body)) + body


def reads(data: bytes) -> Iterator[tuple[bytes, float]]:
    """Make reads of an input, each with the seconds that pass before it."""
    greets_oddly = len(data) >= _HEAD.size and data[0] >= _GREETING
    missing = data[1] if greets_oddly else 0
    preface = b"" if missing & NO_PREFACE else frames.PREFACE
    yield preface + (b"" if missing & (NO_SETTINGS | NO_PREFACE) else frames.frame(frames.SETTINGS, 0, 0)), 0.0
    data = data[_HEAD.size :] if greets_oddly else data
    stream = 1
    while len(data) >= _HEAD.size:
        kind, flags, size = _HEAD.unpack_from(data)
        body, data = data[4 : 4 + size], data[4 + size :]
        if kind < 16:
            yield frames.frame(kind, flags, body[0] if body else 0, body[1:]), 0.0
        elif kind < 128:
            call = frames.frame(frames.HEADERS, frames.END_HEADERS, stream, block(CHECK))
            yield call + frames.frame(frames.DATA, frames.END_STREAM, stream, _message(body)[:16384]), 0.0
            stream += 2
        elif kind < 160:
            yield frames.frame(frames.HEADERS, flags, stream, body), 0.0
            stream += 2
        elif kind < 192:
            yield body, 0.0
        else:
            yield b"", float(flags)
    yield data, 0.0


def _message(body: bytes) -> bytes:
    return struct.pack(">BI", 0, len(body)) + body


def _watch(stream: int) -> bytes:
    return record(128, 4, block(WATCH)) + record(frames.DATA, 1, bytes((stream,)) + _message(b""))


def _traced(number: int) -> bytes:
    return record(128, 4, block(CHECK) + field(b"traceparent", b"%032x" % number))


def seeds() -> dict[str, bytes]:
    """Return inputs to begin with, one for each thing that a client may do."""
    call, one, usual = record(16, 0, b"hello"), b"\x01", block(CHECK)
    settings = frames.frame(frames.SETTINGS, 0, 0)
    return {
        "call": call * 3,
        "awaited": record(16, 0, b"wait") + record(frames.RST_STREAM, 0, one + bytes(4)),
        "failing": record(16, 0, b"e") + call,
        "continuation": record(128, 0, usual[:20]) + record(frames.CONTINUATION, 4, one + usual[20:]),
        "upload": record(128, 4, usual) + record(frames.DATA, 0, one + b"\0\0\0\0\x05he") * 2,
        "uploads": record(128, 4, usual) * 9
        + b"".join(record(frames.DATA, 0, bytes((number,)) + _message(bytes(2500))) for number in (1, 3, 5))
        + b"".join(record(frames.DATA, 0, bytes((number,)) + bytes(400)) for number in (3, 1, 3)),
        "padded": record(128, 0x2C, b"\x02" + bytes(5) + usual + bytes(2)),
        "trailers": record(128, 4, usual) + record(frames.HEADERS, 5, one + b"\x00\x01x\x01y"),
        "windows": record(frames.SETTINGS, 0, b"\0\0\x04" + bytes(4)) + call + record(8, 0, b"\x01\0\0\x10\0"),
        "table": record(128, 4, b"\x40\x01a\x01b" + usual) + record(128, 4, b"\xbe" + usual) + record(128, 4, b"\x20"),
        "shapes": record(frames.SETTINGS, 1, b"\0")
        + record(128, 4, b"\x20" + usual)
        + b"".join(map(_traced, range(4)))
        + b"".join(record(128, 4, usual + field(b"x%d" % most, b"y") * most) for most in (90, 30, 29)),
        "watch": _watch(1) + _watch(3) + record(frames.RST_STREAM, 0, one + bytes(4)) + _watch(5),
        "ping": record(frames.PING, 0, bytes(9)) + record(frames.GOAWAY, 0, bytes(9)),
        "priority": record(frames.PRIORITY, 0, bytes((3, 0, 0, 0, 1, 9))),
        "time": record(128, 4, usual) + record(200, 61) + record(200, 61) + call,
        "bytes": record(160, 0, frames.frame(frames.PING, 0, 0, bytes(8))) + b"GET / HTTP/1.1\r\n\r\n",
        "no-settings": record(255, NO_SETTINGS) + call,
        "late-settings": record(255, NO_SETTINGS) + record(200, 5) + record(160, 0, settings) + call,
        "no-preface": record(255, NO_PREFACE) + record(160, 0, settings) + call,
        "slow-preface": record(255, NO_PREFACE)
        + b"".join(record(160, 0, frames.PREFACE[at : at + 6]) + record(200, 1) for at in range(0, 24, 6))
        + record(160, 0, settings)
        + call,
    }
