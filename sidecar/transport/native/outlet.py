"""Flow control of what we send (RFC 9113, sections 5.2 and 6.9): answers wait for the peer's windows."""

from collections.abc import Callable

from sidecar.transport.native.errors import ErrorCode, H2ConnectionError, H2StreamError
from sidecar.transport.native.frames import DATA, LARGEST, frame
from sidecar.transport.native.settings_frame import DEFAULT_WINDOW_BYTES, PeerSettings
from sidecar.transport.native.streams import Stream


class Outlet:
    """Windows that the peer gave us, in bytes. ``out`` takes frames; ``finished`` is told of a stream's last one."""

    __slots__ = ("_finished", "_out", "_shut", "_waiting", "held", "peer", "window")

    def __init__(self, out: list[bytes], finished: Callable[[Stream], None]) -> None:
        self._out, self._finished = out, finished
        self.peer = PeerSettings()
        self.window = DEFAULT_WINDOW_BYTES
        #: Bytes that wait for a window.
        self.held = 0
        #: Streams with such bytes, in the order in which they came to wait: for the connection's window; and those
        #: whose own window is shut. Apart, so that a WINDOW_UPDATE of the connection does not cost each of the latter.
        self._waiting: dict[int, Stream] = {}
        self._shut: dict[int, Stream] = {}

    def oldest(self) -> float | None:
        """Return since when bytes have been waiting; ``None``: there are none."""
        stuck = (*self._waiting.values(), *self._shut.values())
        return min((stream.unsent_since for stream in stuck), default=None)

    def send(self, stream: Stream, data: bytes, trailers: bytes | None, now: float) -> None:
        """Send DATA, now or when there is room, and then the frame that ends the answer, if there is one."""
        if not stream.unsent:
            stream.unsent_since = now
        stream.unsent += data
        stream.trailers = trailers
        self.held += len(data)
        self._pump(stream)

    def forget(self, stream: Stream) -> None:
        """Drop what a stream still had to send."""
        self.held -= len(stream.unsent)
        stream.unsent.clear()
        self._unstuck(stream)

    def connection_window_grew(self, increment: int) -> None:
        """Take a WINDOW_UPDATE of the connection; raises ``H2ConnectionError``."""
        if self.window + increment > LARGEST:
            raise H2ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, "a connection's window beyond 2^31-1")
        self.window += increment
        self._pump_waiting()

    def stream_window_grew(self, stream: Stream, increment: int) -> None:
        """Take a WINDOW_UPDATE of a stream; raises ``H2StreamError``."""
        if stream.send_window + increment > LARGEST:
            raise H2StreamError(stream.id, ErrorCode.FLOW_CONTROL_ERROR, "a stream's window beyond 2^31-1")
        stream.send_window += increment
        self._pump(stream)

    def settings_changed(self, payload: bytes, alive: dict[int, Stream]) -> None:
        """Take the peer's SETTINGS. A new initial window counts for streams that are alive, too (section 6.9.2)."""
        change = self.peer.apply(payload)
        for stream in alive.values():
            stream.send_window += change
            if stream.send_window > LARGEST:
                raise H2ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, "a stream's window beyond 2^31-1")
        self._pump_waiting()
        for stream in [one for one in self._shut.values() if one.send_window > 0]:
            self._pump(stream)

    def _pump_waiting(self) -> None:
        for stream in list(self._waiting.values()):
            if self.window <= 0:
                return
            self._pump(stream)

    def _pump(self, stream: Stream) -> None:
        unsent = stream.unsent
        while unsent:
            size = min(len(unsent), self.window, stream.send_window, self.peer.max_frame_bytes)
            if size <= 0:
                self._stuck(stream)
                return
            self._out.append(frame(DATA, 0, stream.id, bytes(unsent[:size])))
            del unsent[:size]
            self.window -= size
            stream.send_window -= size
            self.held -= size
        self._unstuck(stream)
        if stream.trailers is not None:
            self._out.append(stream.trailers)
            self._finished(stream)

    def _stuck(self, stream: Stream) -> None:
        stuck, other = (self._shut, self._waiting) if stream.send_window <= 0 else (self._waiting, self._shut)
        other.pop(stream.id, None)
        stuck[stream.id] = stream

    def _unstuck(self, stream: Stream) -> None:
        self._waiting.pop(stream.id, None)
        self._shut.pop(stream.id, None)
