"""The fast path and the general one are the same to whoever looks at the bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.transport.native import calls as calls_module
from sidecar.transport.native import frames
from sidecar.transport.native.calls import Calls
from sidecar.transport.native.errors import ErrorCode
from sidecar.transport.native.fast_path import take_whole_requests
from sidecar.transport.native.frames import frame, rst_stream, window_update
from sidecar.transport.native.grpc_status import CallError, Status
from sidecar.transport.native.limits import Limits
from transport.native.wire import USUAL, Wire, call, data, framed, greeting, headers, settings

SMALL = Limits(max_concurrent_streams=3, connection_window_bytes=70_000, max_message_bytes=5000)


def answer(message: bytes, _seconds: float | None) -> bytes:
    """Answer, with more than was asked; a handler."""
    if message.startswith(b"no"):
        raise CallError(Status.NOT_FOUND, "no")
    return message * 3


def neither(_calls: Calls) -> None:
    """Take nothing; a fast path that is none."""


def output(received: list[bytes], *, fast: bool) -> bytes:
    """Return what a server sends when it reads these bytes."""
    wire = Wire(answer, SMALL, greet=False)
    with pytest.MonkeyPatch.context() as patch:
        if not fast:
            patch.setattr(calls_module, "take_whole_requests", neither)
        for part in received:
            wire.calls.received(part, wire.now)
    return b"".join(wire.connection.out)


MESSAGES = st.sampled_from([b"", b"hello", b"no", b"x" * 1000, b"y" * 4995, b"z" * 6000])
PIECES = st.one_of(
    st.builds(lambda message: lambda stream: call(stream, message), MESSAGES),
    st.builds(lambda message: lambda stream: call(stream, message, grpc_timeout="5S"), MESSAGES),
    st.builds(lambda message: lambda stream: headers(stream) + data(stream, framed(message), end=False), MESSAGES),
    st.builds(
        lambda first, second: lambda stream: headers(stream) + data(stream, first) + data(stream, second),
        MESSAGES,
        MESSAGES,
    ),
    st.just(lambda stream: headers(stream) + frame(frames.DATA, 9, stream, b"\x01" + framed(b"padded") + b"\0")),
    st.just(lambda stream: headers(stream) + rst_stream(stream, ErrorCode.CANCEL)),
    st.just(lambda stream: call(stream, content_length="10")),
    st.just(lambda stream: call(stream, b"to another")[:9] + call(stream + 2)[9:]),
    st.just(lambda stream: headers(stream, USUAL | {":path": "/other"})),
    st.just(lambda stream: headers(stream) + data(stream, framed(b"x", compressed=1))),
    st.just(lambda stream: frame(frames.HEADERS, 5, stream, b"\x82\x40\x01a\x01b")),
    st.just(lambda _stream: window_update(0, 20_000)),
    st.just(lambda _stream: settings({4: 3000})),
    st.just(lambda _stream: settings({4: 100_000, 5: 20_000})),
    st.just(lambda _stream: frame(frames.PING, 0, 0, bytes(8))),
)


@given(st.lists(PIECES, max_size=30), st.booleans())
def test_bytes_are_those_of_the_general_path(pieces: list[object], gap: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    """Whatever is asked, in whatever order: taken at once, by the general path alone, and byte by byte."""
    received = greeting() + b"".join(
        piece(1 + 2 * number + 4 * (gap and number > 5))  # type: ignore[operator]  # a lambda
        for number, piece in enumerate(pieces)
    )
    fast = output([received], fast=True)
    assert fast == output([received], fast=False)
    assert fast == output([received[at : at + 1] for at in range(len(received))], fast=True)


def test_it_is_taken_for_what_envoy_sends() -> None:
    """Of whole requests with known headers none is left for the general path."""
    wire = Wire()
    wire.send(call(1))
    wire.connection.receive(b"".join(call(stream) for stream in range(3, 203, 2)), wire.now)
    take_whole_requests(wire.calls)
    assert wire.connection.inbox.position == len(wire.connection.inbox.data)
    assert wire.connection.streams.highest == 201
    assert len([one for one in wire.take() if one.kind == frames.HEADERS]) == 200


def test_stream_beyond_the_last_there_can_be_is_the_general_path_s() -> None:
    """With the reserved bit it looks like the next one (RFC 9113, section 4.1), and is stream 1 again."""
    received = greeting() + call(1) + call(frames.LARGEST) + call(frames.LARGEST + 2)
    assert output([received], fast=True) == output([received], fast=False)
