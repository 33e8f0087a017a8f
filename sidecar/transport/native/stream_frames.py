"""The frames that make up requests: HEADERS, CONTINUATION, DATA and RST_STREAM (RFC 9113, section 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.observe.transport_counts import Direction, Limit
from sidecar.transport.native import frames
from sidecar.transport.native.errors import ErrorCode, H2ConnectionError, H2StreamError
from sidecar.transport.native.events import Body, Event, Gone, Request
from sidecar.transport.native.frames import Frame
from sidecar.transport.native.header_block import HeaderBlock
from sidecar.transport.native.header_rules import malformed_trailers
from sidecar.transport.native.streams import On, State, Stream

if TYPE_CHECKING:  # it imports this
    from sidecar.transport.native.connection import Connection


def headers(connection: Connection, received: Frame) -> Event | None:
    """Begin a header block (section 6.2)."""
    if not received.stream_id % 2:
        raise H2ConnectionError(ErrorCode.PROTOCOL_ERROR, f"HEADERS on stream {received.stream_id}, no client's")
    return _block(connection, HeaderBlock(received, connection.limits, connection.now), received.flags)


def continuation(connection: Connection, received: Frame) -> Event | None:
    """Go on with a header block (section 6.10)."""
    block = connection.block
    assert block is not None  # noqa: S101 - else ``phases`` would have refused the frame
    block.add(received)
    return _block(connection, block, received.flags)


def _block(connection: Connection, block: HeaderBlock, flags: int) -> Event | None:
    if not flags & frames.END_HEADERS:
        connection.block = block
        return None
    connection.block = None
    stream = connection.streams.alive.get(block.stream_id)
    if stream is None and connection.streams.state(block.stream_id) is State.IDLE:
        return _request(connection, block)
    return _trailers(connection, block, stream)


def _request(connection: Connection, block: HeaderBlock) -> Event | None:
    # Decoded whatever becomes of it: the next block may refer to what this one put into the table.
    head = connection.headers.request(block.whole())
    stream_id, streams = block.stream_id, connection.streams
    state = streams.next_state(stream_id, On.HEADERS_END if block.ends_stream else On.HEADERS)
    streams.used(stream_id)
    if len(streams.alive) >= connection.limits.max_concurrent_streams:
        text = "more streams than are taken at once"
        raise H2StreamError(stream_id, ErrorCode.REFUSED_STREAM, text, Limit.MAX_CONCURRENT_STREAMS)
    if stream_id > connection.leaving.last:
        raise H2StreamError(stream_id, ErrorCode.REFUSED_STREAM, "opened after GOAWAY")
    if head.malformed or (block.ends_stream and head.content_length):
        raise H2StreamError(stream_id, ErrorCode.PROTOCOL_ERROR, head.malformed or "less DATA than content-length")
    connection.accept(stream_id, head.content_length, state)
    return Request(stream_id, head, block.ends_stream)


def _trailers(connection: Connection, block: HeaderBlock, stream: Stream | None) -> Event | None:
    fields = connection.headers.fields(block.whole())
    state = connection.streams.next_state(block.stream_id, On.HEADERS_END if block.ends_stream else On.HEADERS)
    if stream is None:
        return None  # reset by us, and so not wanted
    stream.state = state
    problem = malformed_trailers(fields) or ("less DATA than content-length" if stream.body_left else "")
    if problem:
        raise H2StreamError(stream.id, ErrorCode.PROTOCOL_ERROR, problem)
    return Body(stream.id, b"", ended=True)


def data(connection: Connection, received: Frame) -> Event | None:
    """Take DATA (section 6.1). Padding counts for the windows; it is given back with the rest."""
    stream_id, size = received.stream_id, len(received.payload)
    if stream_id == 0:
        raise H2ConnectionError(ErrorCode.PROTOCOL_ERROR, "DATA on stream 0")
    body = frames.unpadded(received.flags, received.payload)
    ended = bool(received.flags & frames.END_STREAM)
    if not body and not ended:
        connection.budgets.empty_data.spend(connection.now)
    connection.say(connection.intake.received(size))
    state = connection.streams.next_state(stream_id, On.DATA_END if ended else On.DATA)
    stream = connection.streams.alive.get(stream_id)
    if stream is None:
        return None  # reset by us, and so not wanted
    stream.state = state
    _count(stream, len(body), ended=ended)
    # Of a request that is answered already nothing is kept.
    kept = len(body) if stream.trailers is None else 0
    connection.say(connection.intake.held(stream, size, kept, ended=ended))
    return Body(stream_id, body, ended)


def _count(stream: Stream, size: int, *, ended: bool) -> None:
    """Hold a body against its content-length (section 8.1.1)."""
    if stream.body_left is not None:
        stream.body_left -= size
        if stream.body_left < 0 or (ended and stream.body_left):
            raise H2StreamError(stream.id, ErrorCode.PROTOCOL_ERROR, "DATA that is not as long as content-length")


def rst_stream(connection: Connection, received: Frame) -> Event | None:
    """End a stream, as the peer wants it (section 6.4)."""
    if len(received.payload) != 4:  # noqa: PLR2004 - an error code
        raise H2ConnectionError(ErrorCode.FRAME_SIZE_ERROR, f"RST_STREAM of {len(received.payload)} bytes")
    stream_id = received.stream_id
    if stream_id == 0:
        raise H2ConnectionError(ErrorCode.PROTOCOL_ERROR, "RST_STREAM on stream 0")
    connection.streams.next_state(stream_id, On.RST_STREAM)
    connection.counts.resets[Direction.RECEIVED] += 1
    connection.budgets.resets.spend(connection.now)
    connection.forget(stream_id)
    return Gone(stream_id)


STREAM_FRAMES = {
    frames.DATA: data,
    frames.HEADERS: headers,
    frames.RST_STREAM: rst_stream,
    frames.CONTINUATION: continuation,
}
