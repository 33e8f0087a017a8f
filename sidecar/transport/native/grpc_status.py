"""gRPC status codes, and how their texts are written (gRPC over HTTP/2, "Responses")."""

import re
from enum import IntEnum


class Status(IntEnum):
    """Those of gRPC's status codes that this server gives."""

    OK = 0
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    RESOURCE_EXHAUSTED = 8
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14


class CallError(Exception):
    """A call ends with a status other than OK. ``text`` is told to the caller as ``grpc-message``."""

    def __init__(self, status: Status, text: str) -> None:
        super().__init__(f"{status.name}: {text}")
        self.status, self.text = status, text


_TO_ENCODE = re.compile(rb"[^ -$&-~]")


def percent_encoded(text: str) -> bytes:
    """Return ``grpc-message``: UTF-8, with all but printable ASCII, and ``%`` itself, percent-encoded."""
    return _TO_ENCODE.sub(lambda found: b"%%%02X" % found[0][0], text.encode("utf-8", "replace"))
