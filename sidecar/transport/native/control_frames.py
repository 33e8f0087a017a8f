"""The frames about the connection: SETTINGS, PING, GOAWAY, WINDOW_UPDATE, PRIORITY, and those that are not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.transport.native import frames
from sidecar.transport.native.errors import ErrorCode, H2ConnectionError, H2StreamError
from sidecar.transport.native.frames import ACK, Frame, frame, u31
from sidecar.transport.native.streams import On

if TYPE_CHECKING:  # it imports this
    from sidecar.transport.native.connection import Connection


def settings(connection: Connection, received: Frame) -> None:
    """Take SETTINGS and acknowledge them (section 6.5)."""
    _on_connection("SETTINGS", received)
    connection.budgets.settings.spend(connection.now)
    if received.flags & ACK:
        _of_size("acknowledged SETTINGS", received, 0)
        connection.headers.no_table_from_now_on()
        return
    # Acknowledged first: what a larger window lets go counts under the new settings.
    connection.out.append(frame(frames.SETTINGS, ACK, 0))
    connection.outlet.settings_changed(received.payload, connection.streams.alive)


def ping(connection: Connection, received: Frame) -> None:
    """Answer a PING; or take the answer to ours (section 6.7)."""
    _on_connection("PING", received)
    _of_size("PING", received, 8)
    connection.budgets.pings.spend(connection.now)
    if not received.flags & ACK:
        connection.out.append(frame(frames.PING, ACK, 0, received.payload))
        return
    connection.out += connection.leaving.acknowledged(received.payload, connection.streams.highest)
    connection.close_if_left()


def goaway(connection: Connection, received: Frame) -> None:
    """Note nothing: we open no streams, and the peer still may (section 6.8)."""
    _on_connection("GOAWAY", received)
    if len(received.payload) < 8:  # noqa: PLR2004 - a stream and an error code
        raise H2ConnectionError(ErrorCode.FRAME_SIZE_ERROR, f"GOAWAY of {len(received.payload)} bytes")
    connection.budgets.ignored.spend(connection.now)


def window_update(connection: Connection, received: Frame) -> None:
    """Send what the larger window has room for (section 6.9)."""
    _of_size("WINDOW_UPDATE", received, 4)
    stream_id, increment = received.stream_id, u31(received.payload)
    connection.budgets.window_updates.spend(connection.now)
    if stream_id == 0:
        if not increment:
            raise H2ConnectionError(ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE of nothing")
        connection.outlet.connection_window_grew(increment)
        return
    connection.streams.next_state(stream_id, On.WINDOW_UPDATE)
    stream = connection.streams.alive.get(stream_id)
    if stream is None:
        return
    if not increment:
        raise H2StreamError(stream_id, ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE of nothing")
    connection.outlet.stream_window_grew(stream, increment)


def priority(connection: Connection, received: Frame) -> None:
    """Ignore it, as RFC 9113 (sections 5.3.2 and 6.3) has it, but for its form."""
    if received.stream_id == 0:
        raise H2ConnectionError(ErrorCode.PROTOCOL_ERROR, "PRIORITY on stream 0")
    _of_size("PRIORITY", received, frames.PRIORITY_BYTES)
    connection.budgets.ignored.spend(connection.now)


def ignored(connection: Connection, _received: Frame) -> None:
    """Ignore a frame of a type that is not known (sections 4.1 and 5.5)."""
    connection.budgets.ignored.spend(connection.now)


def _on_connection(name: str, received: Frame) -> None:
    if received.stream_id:
        raise H2ConnectionError(ErrorCode.PROTOCOL_ERROR, f"{name} on stream {received.stream_id}")


def _of_size(name: str, received: Frame, size: int) -> None:
    if len(received.payload) != size:
        raise H2ConnectionError(ErrorCode.FRAME_SIZE_ERROR, f"{name} of {len(received.payload)} bytes")


CONTROL_FRAMES = {
    frames.PRIORITY: priority,
    frames.SETTINGS: settings,
    frames.PING: ping,
    frames.GOAWAY: goaway,
    frames.WINDOW_UPDATE: window_update,
}
