"""A header block, from HEADERS and the CONTINUATION frames that follow it (RFC 9113, sections 4.3, 6.2 and 6.10)."""

from sidecar.observe.transport_counts import Limit
from sidecar.transport.native.errors import ErrorCode, H2ConnectionError
from sidecar.transport.native.frames import END_STREAM, HAS_PRIORITY, PRIORITY_BYTES, Frame, unpadded
from sidecar.transport.native.limits import Limits


class HeaderBlock:
    """One block in the making."""

    __slots__ = ("_limits", "_parts", "_size", "began_at", "ends_stream", "stream_id")

    def __init__(self, frame: Frame, limits: Limits, now: float) -> None:
        self.stream_id = frame.stream_id
        self.began_at = now
        self.ends_stream = bool(frame.flags & END_STREAM)
        self._limits = limits
        part = unpadded(frame.flags, frame.payload)
        if frame.flags & HAS_PRIORITY:
            if len(part) < PRIORITY_BYTES:
                raise H2ConnectionError(ErrorCode.FRAME_SIZE_ERROR, "HEADERS too short for the priority in it")
            part = part[PRIORITY_BYTES:]
        self._parts, self._size = [part], len(part)

    def add(self, frame: Frame) -> None:
        """Take a CONTINUATION frame. Bounded in number, as empty ones cost us work, and in bytes (CVE-2024-27316)."""
        if frame.stream_id != self.stream_id:
            raise H2ConnectionError(ErrorCode.PROTOCOL_ERROR, "CONTINUATION on another stream")
        self._parts.append(frame.payload)
        self._size += len(frame.payload)
        if len(self._parts) > self._limits.max_continuation_frames + 1:
            text = f"more than {self._limits.max_continuation_frames} CONTINUATION frames"
            raise H2ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, text, Limit.MAX_CONTINUATION_FRAMES)
        if self._size > self._limits.max_header_list_bytes:
            text = f"a header block of more than {self._limits.max_header_list_bytes} bytes"
            raise H2ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, text, Limit.MAX_HEADER_LIST_BYTES)

    @property
    def size(self) -> int:
        """Return how many bytes there are of it."""
        return self._size

    def whole(self) -> bytes:
        """Return the block."""
        return b"".join(self._parts)
