"""SETTINGS (RFC 9113, section 6.5): what we ask of peers, and what they ask of us."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from sidecar.transport.native.errors import ErrorCode, H2ConnectionError
from sidecar.transport.native.frames import LARGEST, SETTINGS, frame
from sidecar.transport.native.limits import Limits

_HEADER_TABLE_SIZE, _ENABLE_PUSH, _MAX_CONCURRENT_STREAMS = 1, 2, 3
_INITIAL_WINDOW_SIZE, _MAX_FRAME_SIZE, _MAX_HEADER_LIST_SIZE = 4, 5, 6
_ENTRY = struct.Struct(">HI")

DEFAULT_WINDOW_BYTES = 65_535
SMALLEST_FRAME_BYTES = 16_384
LARGEST_FRAME_BYTES = 2**24 - 1


@dataclass(slots=True)
class PeerSettings:
    """What the peer has asked for. Its header table size is not here: our header blocks use no dynamic table."""

    initial_window_bytes: int = DEFAULT_WINDOW_BYTES
    max_frame_bytes: int = SMALLEST_FRAME_BYTES
    #: Bytes that go in one DATA frame on a new stream: the smaller of the two.
    largest_whole: int = SMALLEST_FRAME_BYTES

    def apply(self, payload: bytes) -> int:
        """Take a SETTINGS payload; return by how much the initial window grew, in bytes."""
        before = self.initial_window_bytes
        for name, value in _entries(payload):
            if name == _ENABLE_PUSH and value > 1:
                raise H2ConnectionError(ErrorCode.PROTOCOL_ERROR, f"ENABLE_PUSH of {value}")
            if name == _INITIAL_WINDOW_SIZE:
                if value > LARGEST:
                    raise H2ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, f"INITIAL_WINDOW_SIZE of {value}")
                self.initial_window_bytes = value
            elif name == _MAX_FRAME_SIZE:
                if not SMALLEST_FRAME_BYTES <= value <= LARGEST_FRAME_BYTES:
                    raise H2ConnectionError(ErrorCode.PROTOCOL_ERROR, f"MAX_FRAME_SIZE of {value}")
                self.max_frame_bytes = value
        self.largest_whole = min(self.initial_window_bytes, self.max_frame_bytes)
        return self.initial_window_bytes - before


def ours(limits: Limits) -> bytes:
    """Return the SETTINGS frame that we send first."""
    asked = {
        # Without a table a block means the same whenever it comes, which is what makes it cheap (``header_shapes``).
        _HEADER_TABLE_SIZE: 0,
        _MAX_CONCURRENT_STREAMS: limits.max_concurrent_streams,
        _INITIAL_WINDOW_SIZE: limits.stream_window_bytes,
        _MAX_FRAME_SIZE: limits.max_frame_bytes,
        _MAX_HEADER_LIST_SIZE: limits.max_header_list_bytes,
    }
    return frame(SETTINGS, 0, 0, b"".join(_ENTRY.pack(*entry) for entry in asked.items()))


def _entries(payload: bytes) -> Iterator[tuple[int, int]]:
    if len(payload) % _ENTRY.size:
        raise H2ConnectionError(ErrorCode.FRAME_SIZE_ERROR, "SETTINGS that is no multiple of 6 bytes")
    yield from _ENTRY.iter_unpack(payload)
