"""Any bytes in any pieces: nothing raises, memory is bounded, and how they are cut changes nothing."""

import struct

from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sidecar.transport.native import frames
from sidecar.transport.native.frames import frame
from sidecar.transport.native.limits import KIB, Limits
from transport.native.wire import Wire, block, framed, greeting, later

LIMITS = Limits(
    max_concurrent_streams=8,
    max_message_bytes=50_000,
    max_header_list_bytes=20_000,
    max_header_fields=100,
    max_continuation_frames=8,
    stream_window_bytes=64 * KIB,
    connection_window_bytes=128 * KIB,
    max_request_bytes=64 * KIB,
    max_unsent_bytes=100_000,
    max_resets_per_second=30,
    max_pings_per_second=30,
    max_settings_per_second=30,
    max_window_updates_per_second=30,
    max_empty_data_per_second=30,
    max_ignored_frames_per_second=30,
)
BLOCKS = st.one_of(
    st.just(block()),
    st.just(block([(":method", "GET"), (":scheme", "http"), (":path", "/")])),
    st.just(block([("x-trailer", "1")])),
    st.sampled_from([b"\x40\x01a\x01b", b"\xbe", b"\x20", b"\x3f\xe1\x1f", b"\x82" * 101]),
    st.binary(max_size=30),
)
BODIES = st.one_of(
    st.builds(lambda size: framed(bytes(size)), st.sampled_from([0, 5, 1000, 16_000])),
    st.binary(max_size=20),
    st.just(struct.pack(">BI", 0, 40_000) + bytes(10_000)),
)
STREAMS = st.one_of(st.integers(0, 40), st.sampled_from([2**31 - 1, 2**31]))
#: Of the client's preface: what begins as it does, and goes on otherwise, comes of no random bytes.
PIECES = st.builds(lambda begin, end: frames.PREFACE[begin:end], st.integers(0, 24), st.integers(0, 24))
FLAGS = st.sampled_from([0, 1, 4, 5, 8, 0x20, 0x2D, 255])


def answer(message: bytes, seconds: float | None) -> object:
    """Answer at once, later or not at all; a handler."""
    if len(message) == 5:
        return later(message, seconds)
    if len(message) == 1000:
        raise ValueError
    return message * 2


class Peers(RuleBasedStateMachine):
    """The same bytes for two servers: one reads them at once, the other in pieces."""

    def __init__(self) -> None:
        super().__init__()
        self.whole, self.cut = (Wire(answer, LIMITS, greet=False) for _ in range(2))  # type: ignore[arg-type]  # at will
        self.next = 1

    @initialize(window=st.sampled_from([None, 0, 10, 100_000]))
    def greet(self, window: int | None) -> None:
        """Begin as one has to: what does not is found in ``test_random_bytes``."""
        self._send(greeting({} if window is None else {4: window}), 7)

    @rule(message=BODIES, step=st.integers(1, 400), padded=st.booleans())
    def call(self, message: bytes, step: int, padded: bool) -> None:  # noqa: FBT001 - hypothesis gives it
        """Send a request, whole."""
        payload = b"\x02" + message + b"\0\0" if padded else message
        received = frame(frames.HEADERS, 4, self.next, block())
        received += frame(frames.DATA, 9 if padded else 1, self.next, payload[:16384])
        self.next += 2
        self._send(received, step)

    @rule(
        kind=st.integers(0, 12),
        flags=FLAGS,
        stream=STREAMS,
        payload=st.one_of(BLOCKS, BODIES),
        step=st.integers(1, 400),
    )
    def any_frame(self, kind: int, flags: int, stream: int, payload: bytes, step: int) -> None:
        """Send any frame."""
        self._send(frame(kind, flags, stream, payload[:16384]), step)

    @rule(flags=FLAGS, fields=BLOCKS, step=st.integers(1, 400))
    def headers(self, flags: int, fields: bytes, step: int) -> None:
        """Open the next stream, in any way."""
        self._send(frame(frames.HEADERS, flags, self.next, fields), step)
        self.next += 2

    @rule(increment=st.sampled_from([0, 1, 1000, 2**31 - 1]), back=st.integers(0, 5), step=st.integers(1, 20))
    def window_update(self, increment: int, back: int, step: int) -> None:
        """Open a window, of the connection or of one of the last streams."""
        stream = max(0, self.next - 2 * back) if back else 0
        self._send(frames.window_update(stream, increment), step)

    @rule(initial=st.sampled_from([0, 1, 65535, 2**31 - 1, 2**31]), largest=st.sampled_from([16384, 20000, 100]))
    def settings(self, initial: int, largest: int) -> None:
        """Ask for something else."""
        self._send(frame(frames.SETTINGS, 0, 0, struct.pack(">HIHI", 4, initial, 5, largest)), 3)

    @rule(back=st.integers(0, 5))
    def settle(self, back: int) -> None:
        """Give an answer that was promised."""
        stream = self.next - 2 * back
        for wire in (self.whole, self.cut):
            if stream in wire.outside.begun and stream in wire.calls._stops:
                wire.calls.settle(stream, b"answer" * 10)

    @rule(seconds=st.sampled_from([0.1, 1.0, 15.0]))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        for wire in (self.whole, self.cut):
            wire.now += seconds
            wire.calls.tick(wire.now)

    @rule()
    def leave(self) -> None:
        """Begin to leave."""
        for wire in (self.whole, self.cut):
            wire.connection.leave()

    @invariant()
    def says_the_same(self) -> None:
        """Both have sent the same bytes, handlers for the same streams are under way, and nothing is left behind."""
        whole, cut = self.whole, self.cut
        assert b"".join(whole.connection.out) == b"".join(cut.connection.out)
        assert (whole.closed, whole.outside.begun) == (cut.closed, cut.outside.begun)
        assert set(whole.outside.cancelled) == set(cut.outside.cancelled)
        for wire in (whole, cut):
            wire.connection.out.clear()
            within_bounds(wire)

    def _send(self, received: bytes, step: int) -> None:
        self.whole.calls.received(received, self.whole.now)
        for at in range(0, len(received), step):
            self.cut.calls.received(received[at : at + step], self.cut.now)


def within_bounds(wire: Wire) -> None:
    """Look at everything that is kept for a connection."""
    connection, calls = wire.connection, wire.calls
    assert len(connection.streams.alive) <= LIMITS.max_concurrent_streams
    assert len(connection.inbox._rest) < LIMITS.max_frame_bytes + 9
    assert len(connection.headers.known) <= 64
    assert connection.outlet.held == sum(len(stream.unsent) for stream in connection.streams.alive.values())
    assert connection.outlet.held <= LIMITS.max_unsent_bytes or wire.closed
    assert connection.intake._held == sum(stream.held for stream in connection.streams.alive.values())
    assert 0 <= connection.intake.window <= LIMITS.connection_window_bytes
    assert set(calls._uploads) <= set(connection.streams.alive)
    assert set(calls._stops) <= set(connection.streams.alive)
    if wire.closed:
        assert (calls._uploads, calls._stops, connection.inbox.waiting_since, connection.block) == ({}, {}, None, None)


TestPeers = Peers.TestCase


@example(parts=[b"P", b"\0"], greet=False)
@given(parts=st.lists(st.one_of(st.binary(max_size=100), PIECES), max_size=20), greet=st.booleans())
def test_random_bytes(parts: list[bytes], greet: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    """What is no HTTP/2 at all, before and after a proper beginning."""
    whole, cut = (Wire(limits=LIMITS, greet=greet) for _ in range(2))
    whole.calls.received(b"".join(parts), whole.now)
    for part in parts:
        cut.calls.received(part, cut.now)
    assert b"".join(whole.connection.out) == b"".join(cut.connection.out)
    assert whole.closed == cut.closed
