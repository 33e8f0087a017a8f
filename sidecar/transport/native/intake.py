"""Flow control of what peers send (RFC 9113, sections 5.2 and 6.9).

The connection's window is given back as data comes in, so that no stream waits for another's. What is kept in memory
is bounded by the streams' windows: each may begin with ``stream_window_bytes``; and while requests under way hold more
than ``max_request_bytes``, only one of those that want more gets it, until it is answered. So there is always one that
goes on, and none is refused.
"""

from collections.abc import Iterator

from sidecar.transport.native.errors import ErrorCode, H2ConnectionError, H2StreamError
from sidecar.transport.native.frames import window_update
from sidecar.transport.native.limits import Limits
from sidecar.transport.native.settings_frame import DEFAULT_WINDOW_BYTES
from sidecar.transport.native.streams import Stream


class Intake:
    """Windows of one connection and its streams, in bytes. ``window`` is what the peer may send now."""

    __slots__ = ("_favoured", "_full", "_held", "_limits", "_waiting", "low", "window")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.window = DEFAULT_WINDOW_BYTES
        self._full = limits.connection_window_bytes
        #: At or below it the window is filled up again: seldom, since every frame costs.
        self.low = self._full // 2
        self._held = 0
        self._waiting: dict[int, Stream] = {}
        self._favoured: int | None = None

    @property
    def holding(self) -> int:
        """Return how many bytes requests under way hold."""
        return self._held

    def refill(self) -> bytes:
        """Fill the connection's window; return the frame that tells."""
        increment, self.window = self._full - self.window, self._full
        return window_update(0, increment)

    def received(self, size: int) -> bytes:
        """Count a DATA frame's whole payload; return the frame to answer with, or nothing."""
        if size > self.window:
            raise H2ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, "more DATA than the connection's window")
        self.window -= size
        return self.refill() if self.window <= self.low else b""

    def held(self, stream: Stream, size: int, kept: int, *, ended: bool) -> bytes:
        """Count DATA of a stream, of which ``kept`` bytes are kept; return frames to answer with, or nothing."""
        if size > stream.receive_window:
            raise H2StreamError(stream.id, ErrorCode.FLOW_CONTROL_ERROR, "more DATA than the stream's window")
        stream.receive_window -= size
        stream.held += kept
        self._held += kept
        if ended:
            self._waiting.pop(stream.id, None)
        elif stream.receive_window <= self._limits.stream_window_bytes // 2:
            self._waiting[stream.id] = stream
        return b"".join(self._grants())

    def released(self, stream: Stream) -> bytes:
        """Note that a stream is gone; return frames for others that waited."""
        self._waiting.pop(stream.id, None)
        self._held -= stream.held
        stream.held = 0
        if self._favoured == stream.id:
            self._favoured = None
        return b"".join(self._grants())

    def _grants(self) -> Iterator[bytes]:
        while self._waiting:
            stream_id = next(iter(self._waiting))
            if self._held > self._limits.max_request_bytes:
                self._favoured = stream_id if self._favoured is None else self._favoured
                stream_id = self._favoured
            stream = self._waiting.pop(stream_id, None)
            if stream is None:
                return
            increment = self._limits.stream_window_bytes - stream.receive_window
            stream.receive_window += increment
            yield window_update(stream_id, increment)
