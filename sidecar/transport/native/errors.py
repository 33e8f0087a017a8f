"""HTTP/2 error codes, and the two ways in which something is wrong (RFC 9113, sections 5.4 and 7)."""

from enum import IntEnum

from sidecar.observe.transport_counts import Limit


class ErrorCode(IntEnum):
    """Why a stream or a connection ends (RFC 9113, section 7)."""

    NO_ERROR = 0
    PROTOCOL_ERROR = 1
    INTERNAL_ERROR = 2
    FLOW_CONTROL_ERROR = 3
    SETTINGS_TIMEOUT = 4
    STREAM_CLOSED = 5
    FRAME_SIZE_ERROR = 6
    REFUSED_STREAM = 7
    CANCEL = 8
    COMPRESSION_ERROR = 9
    CONNECT_ERROR = 10
    ENHANCE_YOUR_CALM = 11
    INADEQUATE_SECURITY = 12
    HTTP_1_1_REQUIRED = 13


class H2ConnectionError(Exception):
    """The peer did what ends its connection: GOAWAY with ``code``, and ``text`` as its debug data.

    ``limit``: that which it went beyond; ``None`` where it is no matter of limits.
    """

    def __init__(self, code: ErrorCode, text: str, limit: Limit | None = None) -> None:
        super().__init__(f"{code.name}: {text}")
        self.code, self.text, self.limit = code, text, limit


class H2StreamError(Exception):
    """The peer did what ends one stream: RST_STREAM with ``code``. ``text`` is for us: the frame has no room for it.

    ``limit`` as in ``H2ConnectionError``.
    """

    def __init__(self, stream_id: int, code: ErrorCode, text: str, limit: Limit | None = None) -> None:
        super().__init__(f"stream {stream_id}: {code.name}: {text}")
        self.stream_id, self.code, self.text, self.limit = stream_id, code, text, limit
