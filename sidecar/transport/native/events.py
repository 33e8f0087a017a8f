"""What ``Connection`` tells of: one event a frame at the most."""

from typing import NamedTuple

from sidecar.transport.native.head import Head


class Request(NamedTuple):
    """A request has begun. ``ended``: it has no body."""

    stream_id: int
    head: Head
    ended: bool


class Body(NamedTuple):
    """Some of a request's body, perhaps nothing. ``ended``: that was the last of it."""

    stream_id: int
    data: bytes
    ended: bool


class Gone(NamedTuple):
    """A stream is no more: reset, by the peer or for a fault of the peer's. An answer has nobody to go to."""

    stream_id: int


class NeedData(NamedTuple):
    """There is no whole frame, or the connection is closed."""


Event = Request | Body | Gone
NEED_DATA = NeedData()
