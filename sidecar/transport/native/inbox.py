"""What came in, cut into frames. At most one frame that is not yet whole is kept."""

from sidecar.observe.transport_counts import Limit
from sidecar.transport.native.errors import ErrorCode, H2ConnectionError
from sidecar.transport.native.frames import HEAD, HEAD_BYTES, LARGEST, PREFACE, Frame


class Inbox:
    """Bytes that were received. ``data`` from ``position`` on is not yet looked at; ``fast_path`` moves it on too."""

    __slots__ = ("_begun_at", "_max_frame_bytes", "_needed", "_now", "_rest", "_resumed", "data", "position")

    def __init__(self, max_frame_bytes: int) -> None:
        self.data, self.position = b"", 0
        self._max_frame_bytes = max_frame_bytes
        #: The beginning of a frame, and how many bytes it takes to go on with it.
        self._rest = bytearray()
        self._needed = 0
        self._now = self._begun_at = 0.0
        #: Whether ``data`` begins with a frame that began in an earlier read.
        self._resumed = False

    @property
    def waiting_since(self) -> float | None:
        """Return when the frame began of which there is not yet all; ``None``: there is no such frame."""
        return self._begun_at if self._rest else None

    def add(self, data: bytes, now: float) -> None:
        """Take what was read at ``now``. What was given before has been looked at, up to a frame that is not whole."""
        self._now = now
        self._resumed = bool(self._rest)
        if self._rest:
            # Joined when there is enough, not at each read: a frame that trickles in costs no more than another.
            self._rest += data
            if len(self._rest) < self._needed:
                return
            data = bytes(self._rest)
            self._rest.clear()
        self.data, self.position = data, 0

    def preface(self) -> bool:
        """Take the client's preface (RFC 9113, section 3.4); say whether it was whole."""
        begun = self.data[self.position : self.position + len(PREFACE)]
        if not PREFACE.startswith(begun):
            raise H2ConnectionError(ErrorCode.PROTOCOL_ERROR, "no HTTP/2 connection preface")
        if len(begun) < len(PREFACE):
            # Looked at again with each byte more: nobody waits for the rest of what cannot be one any more.
            self._keep(len(begun) + 1)
            return False
        self.position += len(PREFACE)
        return True

    def frame(self) -> Frame | None:
        """Take the next frame; ``None`` where it is not yet whole."""
        data, start = self.data, self.position
        if len(data) - start < HEAD_BYTES:
            self._keep(HEAD_BYTES)
            return None
        high, low, kind, flags, stream_id = HEAD.unpack_from(data, start)
        size = high << 8 | low
        # Looked at before a byte of it is kept.
        if size > self._max_frame_bytes:
            raise H2ConnectionError(ErrorCode.FRAME_SIZE_ERROR, f"a frame of {size} bytes", Limit.MAX_FRAME_BYTES)
        start += HEAD_BYTES
        end = start + size
        if end > len(data):
            self._keep(HEAD_BYTES + size)
            return None
        self.position = end
        return Frame(kind, flags, stream_id & LARGEST, data[start:end])

    def drop(self) -> None:
        """Forget everything."""
        self.data, self.position = b"", 0
        self._rest.clear()

    def _keep(self, needed: int) -> None:
        if self.position == len(self.data):
            return  # nothing, or ``add`` is still waiting for more of what it has
        if self.position or not self._resumed:
            self._begun_at = self._now
        self._rest += self.data[self.position :]
        self._needed = needed
        self.data, self.position = b"", 0
