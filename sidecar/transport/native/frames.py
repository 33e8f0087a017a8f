"""Frames on the wire (RFC 9113, sections 4.1 and 6): a head of 9 bytes, then the payload.

```
+-----------------------------------------------+
|                 Length (24)                   |
+---------------+---------------+---------------+
|   Type (8)    |   Flags (8)   |
+-+-------------+---------------+-------------------------------+
|R|                 Stream Identifier (31)                      |
+=+=============================================================+
|                        Payload (Length)                       ...
```
"""

import struct
from typing import Final, NamedTuple

from sidecar.transport.native.errors import ErrorCode, H2ConnectionError

DATA: Final = 0
HEADERS: Final = 1
PRIORITY: Final = 2
RST_STREAM: Final = 3
SETTINGS: Final = 4
PUSH_PROMISE: Final = 5
PING: Final = 6
GOAWAY: Final = 7
WINDOW_UPDATE: Final = 8
CONTINUATION: Final = 9

ACK: Final = 0x1
END_STREAM: Final = 0x1
END_HEADERS: Final = 0x4
PADDED: Final = 0x8
HAS_PRIORITY: Final = 0x20

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEAD_BYTES: Final = 9
#: The largest stream identifier, window and window increment.
LARGEST: Final = 2**31 - 1
PRIORITY_BYTES: Final = 5
#: Bytes of debug data that we put into GOAWAY.
_DEBUG_BYTES = 200

#: The length's upper 16 bits and lower 8, type, flags, stream identifier with its reserved bit.
HEAD: Final = struct.Struct(">HBBBI")
_U32: Final = struct.Struct(">I")


class Frame(NamedTuple):
    """A frame as it was received. ``stream_id`` is without its reserved bit."""

    kind: int
    flags: int
    stream_id: int
    payload: bytes


def frame(kind: int, flags: int, stream_id: int, payload: bytes = b"") -> bytes:
    """Return a frame's bytes."""
    size = len(payload)
    return HEAD.pack(size >> 8, size & 0xFF, kind, flags, stream_id) + payload


def rst_stream(stream_id: int, code: ErrorCode) -> bytes:
    """Return a RST_STREAM frame (section 6.4)."""
    return frame(RST_STREAM, 0, stream_id, _U32.pack(code))


def goaway(last_stream_id: int, code: ErrorCode, text: str = "") -> bytes:
    """Return a GOAWAY frame (section 6.8)."""
    debug = text.encode("ascii", "replace")[:_DEBUG_BYTES]
    return frame(GOAWAY, 0, 0, _U32.pack(last_stream_id) + _U32.pack(code) + debug)


def window_update(stream_id: int, increment: int) -> bytes:
    """Return a WINDOW_UPDATE frame (section 6.9); stream 0 is the connection."""
    return frame(WINDOW_UPDATE, 0, stream_id, _U32.pack(increment))


def u31(payload: bytes) -> int:
    """Read 32 bits less the reserved one."""
    return int.from_bytes(payload[:4], "big") & LARGEST


def unpadded(flags: int, payload: bytes) -> bytes:
    """Return a payload of DATA or HEADERS without its padding (sections 6.1, 6.2)."""
    if not flags & PADDED:
        return payload
    if not payload:
        raise H2ConnectionError(ErrorCode.FRAME_SIZE_ERROR, "a padded frame without its pad length")
    pad = payload[0]
    if pad >= len(payload):
        raise H2ConnectionError(ErrorCode.PROTOCOL_ERROR, "padding as long as the frame")
    return payload[1 : len(payload) - pad]
