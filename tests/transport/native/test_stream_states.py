"""The table of stream states (RFC 9113, section 5.1)."""

import pytest

from sidecar.transport.native.errors import ErrorCode, H2ConnectionError, H2StreamError
from sidecar.transport.native.streams import TABLE, On, State, Stream, Streams

RECEIVED = [On.HEADERS, On.HEADERS_END, On.DATA, On.DATA_END, On.RST_STREAM, On.WINDOW_UPDATE]


@pytest.mark.parametrize("state", [state for state in State if state is not State.HALF_CLOSED_LOCAL])
@pytest.mark.parametrize("what", RECEIVED)
def test_whatever_is_received_has_a_place_in_the_table(state: State, what: On) -> None:
    """In every state that a stream can be in when a frame comes: HALF_CLOSED_LOCAL is left at once."""
    assert what in TABLE[state]


@pytest.mark.parametrize("state", [State.CLOSED, State.RESET, State.SKIPPED])
def test_stream_that_is_over_stays_over(state: State) -> None:
    """Nothing leads out of it."""
    assert {next_state for next_state in TABLE[state].values() if isinstance(next_state, State)} == {state}


def test_streams_that_are_not_alive_have_a_state() -> None:
    """Told from their number, and from a little that is remembered."""
    streams = Streams()
    for stream_id in (1, 3, 9):
        streams.used(stream_id)
    streams.alive[3] = Stream(3, State.OPEN, 0, 0)
    streams.remember_reset(9)
    states = {stream_id: streams.state(stream_id) for stream_id in range(12)}
    assert states == dict.fromkeys((0, 2, 4, 6, 8, 10, 11), State.IDLE) | {
        1: State.CLOSED,
        3: State.OPEN,
        5: State.SKIPPED,
        7: State.SKIPPED,
        9: State.RESET,
    }


def test_fault_names_what_happened() -> None:
    """The texts say what, where and in which state."""
    streams = Streams()
    with pytest.raises(H2ConnectionError, match="PROTOCOL_ERROR: DATA on stream 5, which is IDLE"):
        streams.next_state(5, On.DATA)
    streams.alive[1] = Stream(1, State.HALF_CLOSED_REMOTE, 0, 0)
    with pytest.raises(H2StreamError, match="STREAM_CLOSED: DATA on stream 1, which is HALF_CLOSED_REMOTE") as fault:
        streams.next_state(1, On.DATA)
    assert (fault.value.stream_id, fault.value.code) == (1, ErrorCode.STREAM_CLOSED)
