"""gRPC's framing of messages (gRPC over HTTP/2, "Length-Prefixed-Message").

```
Compressed-Flag (8) | Message-Length (32) | Message
```
"""

import struct
from typing import Final

from sidecar.transport.native.grpc_status import CallError, Status

PREFIX: Final = struct.Struct(">BI")
PREFIX_BYTES: Final = 5


class TooLargeError(CallError):
    """A message of more bytes than are taken."""

    def __init__(self, size: int, most: int) -> None:
        super().__init__(Status.RESOURCE_EXHAUSTED, f"a message of {size} bytes; at most {most}")


def framed(message: bytes) -> bytes:
    """Return a message with its prefix, not compressed."""
    return PREFIX.pack(0, len(message)) + message


class MessageReader:
    """The one message of a unary request, from DATA as it comes."""

    __slots__ = ("_max_bytes", "_received")

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._received = bytearray()

    def add(self, data: bytes) -> None:
        """Take some of it; raises ``CallError`` as soon as it cannot be a message that is taken."""
        self._received += data
        if len(self._received) >= PREFIX_BYTES:
            compressed, size = PREFIX.unpack_from(self._received)
            if compressed:
                # A message may be compressed only as grpc-encoding says, and we take no call with that.
                raise CallError(Status.INTERNAL, "a compressed message, and no grpc-encoding")
            if size > self._max_bytes:
                raise TooLargeError(size, self._max_bytes)
            if len(self._received) > PREFIX_BYTES + size:
                raise CallError(Status.INTERNAL, "more than one message in a unary call")

    def message(self) -> bytes:
        """Return the message, now that the request has ended; raises ``CallError`` where it is not whole."""
        if (
            len(self._received) < PREFIX_BYTES
            or len(self._received) < PREFIX_BYTES + PREFIX.unpack_from(self._received)[1]
        ):
            raise CallError(Status.INTERNAL, "the request ends before its message does")
        return bytes(memoryview(self._received)[PREFIX_BYTES:])
