"""Leaving a connection gracefully (RFC 9113, section 6.8), in two steps, so that no request is lost on its way.

GOAWAY with the largest stream there can be says that the end is near, and a PING follows it. Once that is acknowledged
the peer has heard of it, and all that it sent before is here: the second GOAWAY names the last stream we took.
"""

from typing import Final

from sidecar.transport.native.errors import ErrorCode
from sidecar.transport.native.frames import LARGEST, PING, frame, goaway

_PING: Final = b"goodbye!"


class Leaving:
    """How far a connection is in leaving."""

    __slots__ = ("began_at", "last")

    def __init__(self) -> None:
        self.began_at: float | None = None
        #: The last stream that is taken.
        self.last = LARGEST

    @property
    def told_last(self) -> bool:
        """Return whether the second step is done."""
        return self.last != LARGEST

    def begin(self, now: float) -> list[bytes]:
        """Return the frames of the first step; none, where it was done."""
        if self.began_at is not None:
            return []
        self.began_at = now
        return [goaway(LARGEST, ErrorCode.NO_ERROR, "leaving"), frame(PING, 0, 0, _PING)]

    def acknowledged(self, payload: bytes, highest: int) -> list[bytes]:
        """Take an acknowledged PING; return the frames of the second step where it was ours."""
        if payload != _PING or self.began_at is None or self.told_last:
            return []
        self.last = max(highest, 0)
        return [goaway(self.last, ErrorCode.NO_ERROR, "leaving")]
