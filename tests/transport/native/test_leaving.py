"""Leaving a connection (RFC 9113, section 6.8): no request that was on its way is lost."""

import pytest

from sidecar.transport.native import frames
from sidecar.transport.native.errors import ErrorCode
from sidecar.transport.native.frames import Frame, frame
from sidecar.transport.native.limits import Limits
from transport.native.wire import Wire, call, framed, headers, later, replies
from transport.native.wire import data as data_frame


def last_stream(goaway: Frame) -> int:
    """Return the last stream that a GOAWAY names; it must be without an error."""
    assert (goaway.kind, int.from_bytes(goaway.payload[4:8], "big")) == (frames.GOAWAY, ErrorCode.NO_ERROR)
    return int.from_bytes(goaway.payload[:4], "big")


def leaving(wire: Wire) -> bytes:
    """Begin to leave; return the acknowledgement that the client sends when it has heard of it."""
    wire.connection.leave()
    goaway, ping = wire.take()
    assert last_stream(goaway) == 2**31 - 1
    return frame(frames.PING, frames.ACK, 0, ping.payload)


def test_requests_on_their_way_are_answered() -> None:
    """Until the client has heard of it everything is taken; then the last stream is named, and answered."""
    wire = Wire(later)
    wire.send(call(1))
    acknowledgement = leaving(wire)
    assert wire.send(call(3)) == []
    (goaway,) = wire.send(acknowledgement)
    assert last_stream(goaway) == 3
    wire.calls.settle(3, b"third")
    assert not wire.closed
    wire.calls.settle(1, b"first")
    found = replies(wire.take())
    assert (found[1].message, found[3].message) == (b"first", b"third")
    assert wire.closed


def test_connection_without_streams_closes_when_the_client_knows() -> None:
    """At the acknowledgement, and not before."""
    wire = Wire()
    wire.send(call(1))
    acknowledgement = leaving(wire)
    assert not wire.closed
    (goaway,) = wire.send(acknowledgement)
    assert last_stream(goaway) == 1
    assert wire.closed


def test_stream_after_the_last_is_refused() -> None:
    """REFUSED_STREAM: it may be tried elsewhere. Streams before it go on."""
    wire = Wire(later)
    wire.send(call(1) + headers(3))
    wire.send(leaving(wire))
    assert replies(wire.send(call(5)))[5].reset is ErrorCode.REFUSED_STREAM
    assert wire.send(data_frame(3, framed(b"x"))) == []
    assert sorted(wire.outside.begun) == [1, 3]


def test_other_pings_do_not_count() -> None:
    """An acknowledgement of something else is not the one."""
    wire = Wire()
    leaving(wire)
    assert wire.send(frame(frames.PING, frames.ACK, 0, bytes(8))) == []
    assert not wire.closed


def test_leaving_twice_is_leaving_once() -> None:
    """Neither a second call nor a second acknowledgement says anything."""
    wire = Wire(later)
    wire.send(call(1))
    acknowledgement = leaving(wire)
    wire.connection.leave()
    assert wire.take() == []
    wire.send(acknowledgement)
    assert wire.send(acknowledgement) == []


@pytest.mark.parametrize("calls", [0, 1])
def test_client_that_does_not_acknowledge_is_left_all_the_same(calls: int) -> None:
    """An idle connection that is left has as long as a sign of life; one with a call goes on."""
    wire = Wire(later, Limits(keepalive_timeout_seconds=20.0, keepalive_seconds=1000.0))
    wire.send(b"".join(call(1 + 2 * number) for number in range(calls)))
    leaving(wire)
    wire.tick(20.0)
    assert not wire.closed
    wire.tick(1.0)
    assert wire.closed is (calls == 0)
