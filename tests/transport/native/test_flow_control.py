"""Flow control, both ways (RFC 9113, sections 5.2 and 6.9)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.transport.native import frames
from sidecar.transport.native.errors import ErrorCode
from sidecar.transport.native.frames import Frame, frame, rst_stream, window_update
from sidecar.transport.native.limits import KIB, MIB, Limits
from sidecar.transport.native.outlet import Outlet
from sidecar.transport.native.streams import Stream
from transport.native.wire import (
    INITIAL_WINDOW_SIZE,
    Wire,
    call,
    data,
    ending,
    framed,
    greeting,
    headers,
    later,
    replies,
    settings,
)

#: Requests of 100 KiB are held back when more than 200 KiB are held.
TIGHT = Limits(stream_window_bytes=64 * KIB, connection_window_bytes=256 * KIB, max_request_bytes=200 * KIB)


def sizes(received: list[Frame], stream_id: int) -> list[int]:
    """Return the sizes of a stream's DATA frames."""
    return [len(one.payload) for one in received if one.kind == frames.DATA and one.stream_id == stream_id]


def answering(size: int, window: int = 65535, limits: Limits | None = None) -> Wire:
    """Return a server's end whose answers have ``size`` bytes, framed, and a client's window."""
    wire = Wire(lambda _message, _seconds: bytes(size - 5), limits, greet=False)
    wire.send(greeting({INITIAL_WINDOW_SIZE: window}))
    return wire


def test_answer_waits_for_its_stream_s_window() -> None:
    """Bytes go as far as the window does, and the end comes after the last of them."""
    wire = answering(100, window=30)
    received = wire.send(call(1))
    received += wire.send(window_update(1, 69))
    assert sizes(received, 1) == [30, 69]
    assert not replies(received)[1].ended
    received += wire.send(window_update(1, 1))
    assert sizes(received, 1) == [30, 69, 1]
    assert replies(received)[1].status == "0"


def test_answer_waits_for_the_connection_s_window() -> None:
    """Streams share it; those that wait go on in the order in which they came to wait."""
    wire = answering(40_000, window=2**31 - 1)
    received = wire.send(call(1) + call(3) + call(5))
    assert (sum(sizes(received, 1)), sum(sizes(received, 3)), sum(sizes(received, 5))) == (40_000, 25_535, 0)
    received += wire.send(window_update(0, 20_000))
    assert (sum(sizes(received, 3)), sum(sizes(received, 5))) == (40_000, 5_535)
    received += wire.send(window_update(0, 2**31 - 1))
    assert {reply.status for reply in replies(received).values()} == {"0"}


def test_new_initial_window_counts_for_streams_that_are_open() -> None:
    """By the difference, also where that makes a window negative (section 6.9.2)."""
    wire = answering(100, window=60)
    received = wire.send(call(1))
    assert sizes(received, 1) == [60]
    received += wire.send(settings({INITIAL_WINDOW_SIZE: 10}))
    received += wire.send(window_update(1, 50))
    assert sizes(received, 1) == [60]
    received += wire.send(window_update(1, 1))
    received += wire.send(settings({INITIAL_WINDOW_SIZE: 1000}))
    assert sizes(received, 1) == [60, 1, 39]
    assert replies(received)[1].ended


def test_initial_window_that_makes_a_stream_s_too_large_ends_the_connection() -> None:
    """FLOW_CONTROL_ERROR (section 6.9.2)."""
    wire = answering(100, window=60)
    wire.send(call(1) + window_update(1, 2**31 - 1))
    wire = Wire(later)
    wire.send(call(1) + window_update(1, 2**31 - 1 - 65535))
    assert ending(wire.send(settings({INITIAL_WINDOW_SIZE: 65536})))[0] is ErrorCode.FLOW_CONTROL_ERROR


def test_reset_stream_gives_up_what_it_had_to_send() -> None:
    """Its bytes are neither sent nor counted."""
    wire = answering(100_000)
    wire.send(call(1) + call(3) + rst_stream(3, ErrorCode.CANCEL))
    assert wire.connection.outlet.held == 100_000 - 65_535
    assert sizes(wire.send(window_update(0, 1_000_000) + window_update(3, 100_000)), 3) == []


@given(st.lists(st.integers(1, 30_000), max_size=12), st.lists(st.integers(1, 20_000), max_size=40))
def test_never_more_is_sent_than_the_windows_have(answers: list[int], updates: list[int]) -> None:
    """Whatever is asked and granted; and all of it is sent, once there is room."""
    todo = list(answers)
    wire = Wire(lambda _message, _seconds: bytes(todo.pop(0)), greet=False)
    wire.send(greeting({INITIAL_WINDOW_SIZE: 5000}))
    streams = range(1, 1 + 2 * len(answers), 2)
    received = wire.send(b"".join(call(stream) for stream in streams))
    granted = dict.fromkeys((0, *streams), 5000) | {0: 65535}
    for number, update in enumerate(updates):
        stream = list(granted)[number % len(granted)]
        granted[stream] += update
        received += wire.send(window_update(stream, update))
        assert all(sum(sizes(received, each)) <= granted[each] for each in streams)
        assert sum(sum(sizes(received, each)) for each in streams) <= granted[0]
    received += wire.send(window_update(0, 10_000_000))
    received += wire.send(b"".join(window_update(stream, 10_000_000) for stream in streams))
    assert [sum(sizes(received, stream)) for stream in streams] == [size + 5 for size in answers]
    assert (wire.connection.outlet.held, wire.closed) == (0, False)


@pytest.mark.parametrize("padding", [0, 200])
def test_connection_s_window_is_filled_up_when_half_is_used(padding: int) -> None:
    """With padding, which counts too; and for streams that were reset (section 6.9)."""
    wire = Wire(limits=Limits(stream_window_bytes=64 * KIB, connection_window_bytes=64 * KIB))
    message = framed(bytes(10_000 - padding))
    payload = bytes((padding,)) + message + bytes(padding) if padding else message
    flags = frames.END_STREAM | (frames.PADDED if padding else 0)
    used = 0
    for stream in range(1, 41, 2):
        used += len(payload)
        received = wire.send(headers(stream) + frame(frames.DATA, flags, stream, payload))
        updates = [one for one in received if one.kind == frames.WINDOW_UPDATE]
        assert bool(updates) is (used >= 32 * KIB)
        if updates:
            assert [(one.stream_id, int.from_bytes(one.payload, "big")) for one in updates] == [(0, used)]
            used = 0


def test_more_data_than_the_connection_s_window_ends_it() -> None:
    """FLOW_CONTROL_ERROR (section 6.9.1)."""
    wire = Wire()
    wire.connection.intake.window = 100
    assert ending(wire.send(headers(1) + data(1, bytes(101))))[0] is ErrorCode.FLOW_CONTROL_ERROR


def test_more_data_than_the_stream_s_window_ends_it() -> None:
    """FLOW_CONTROL_ERROR (section 6.9.1)."""
    wire = Wire()
    wire.send(headers(1))
    wire.connection.streams.alive[1].receive_window = 100
    assert replies(wire.send(data(1, bytes(101))))[1].reset is ErrorCode.FLOW_CONTROL_ERROR
    assert not wire.closed


class Uploader:
    """A client that sends one large message on each of many streams, as far as the windows let it."""

    def __init__(self, wire: Wire, streams: int, size: int) -> None:
        self.wire = wire
        self.left = {1 + 2 * number: framed(bytes(size)) for number in range(streams)}
        self.windows = dict.fromkeys(self.left, TIGHT.stream_window_bytes)
        self.answered: dict[int, bytes] = {}
        for stream in self.left:
            wire.send(headers(stream))

    def round(self) -> bool:
        """Let each stream send one frame; say whether any could."""
        could = False
        for stream, left in list(self.left.items()):
            size = min(len(left), self.windows[stream], 16384)
            if size:
                could = True
                self.windows[stream] -= size
                self.left[stream] = left[size:]
                self._take(self.wire.send(data(stream, left[:size], end=size == len(left))))
        return could

    def _take(self, received: list[Frame]) -> None:
        for one in received:
            if one.kind == frames.WINDOW_UPDATE and one.stream_id:
                self.windows[one.stream_id] += int.from_bytes(one.payload, "big")
        for stream, reply in replies(received).items():
            if reply.ended:
                self.answered[stream] = reply.message


def test_large_uploads_wait_for_one_another_and_all_are_answered() -> None:
    """What is held stays bounded, however many there are, and none is refused."""
    wire = Wire(lambda message, _seconds: b"%d" % len(message), TIGHT)
    client = Uploader(wire, streams=10, size=MIB)
    most = 0
    while client.round():
        most = max(most, sum(stream.held for stream in wire.connection.streams.alive.values()))
    assert client.answered == dict.fromkeys(client.windows, b"%d" % MIB)
    assert most <= TIGHT.max_request_bytes + 10 * TIGHT.stream_window_bytes + MIB
    assert client.left == dict.fromkeys(client.windows, b"")


def test_upload_that_is_given_up_lets_another_go_on() -> None:
    """A reset of the one that goes on is not the end of those that wait."""
    wire = Wire(lambda message, _seconds: b"%d" % len(message), TIGHT)
    client = Uploader(wire, streams=10, size=MIB)
    for _ in range(20):
        client.round()
    given_up = min(client.left, key=lambda stream: len(client.left[stream]))
    client.left[given_up] = b""
    client._take(wire.send(rst_stream(given_up, ErrorCode.CANCEL)))
    while client.round():
        pass
    assert len(client.answered) == 9


def test_streams_whose_window_is_shut_cost_nothing_when_the_connection_s_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are: only those are looked at that wait for it."""
    wire = answering(40_000, window=50_000)
    wire.send(call(1) + call(3))
    wire.send(settings({INITIAL_WINDOW_SIZE: 0}) + b"".join(call(stream) for stream in range(5, 205, 2)))
    pumped: list[int] = []
    pump = Outlet._pump

    def noted(outlet: Outlet, stream: Stream) -> None:
        pumped.append(stream.id)
        pump(outlet, stream)

    monkeypatch.setattr(Outlet, "_pump", noted)
    wire.send(window_update(0, 1000) * 10)
    assert pumped == [3]
    wire.send(window_update(3, 50_000))
    assert pumped == [3, 3]
    wire.send(window_update(0, 100) * 10)
    assert set(pumped) == {3}


def test_answers_of_streams_whose_window_was_shut_come_when_it_opens() -> None:
    """By a frame of their own or by a new initial window; how long any has waited is known all the while."""
    wire = answering(100, window=0)
    wire.send(call(1))
    wire.now += 1.0
    wire.send(call(3))
    assert wire.connection.outlet.oldest() == wire.now - 1.0
    assert replies(wire.send(window_update(1, 100)))[1].status == "0"
    assert wire.connection.outlet.oldest() == wire.now
    assert replies(wire.send(settings({INITIAL_WINDOW_SIZE: 100})))[3].status == "0"
    assert wire.connection.outlet.oldest() is None


def test_how_long_an_answer_waits_for_the_connection_s_window_is_known() -> None:
    """As where it waits for its stream's."""
    wire = answering(70_000, window=2**31 - 1)
    wire.send(call(1))
    assert wire.connection.outlet.oldest() == wire.now
    assert replies(wire.send(window_update(0, 70_000)))[1].status == "0"
    assert wire.connection.outlet.oldest() is None
