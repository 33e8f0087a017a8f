"""Each limit, attacked: the attacker's connection ends with the reason, or nothing grows."""

from collections.abc import Iterator

import pytest

from sidecar.transport.native import frames
from sidecar.transport.native.errors import ErrorCode
from sidecar.transport.native.frames import frame, rst_stream, window_update
from sidecar.transport.native.grpc_status import Status
from sidecar.transport.native.limits import KIB, MIB, Limits
from transport.native.wire import (
    INITIAL_WINDOW_SIZE,
    USUAL,
    Wire,
    block,
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

CALM = ErrorCode.ENHANCE_YOUR_CALM


def resets() -> Iterator[bytes]:
    """Open streams and reset them (CVE-2023-44487)."""
    for stream in range(1, 10_000, 2):
        yield headers(stream) + rst_stream(stream, ErrorCode.CANCEL)


def provoked_resets() -> Iterator[bytes]:
    """Open streams and have the server reset them ("MadeYouReset", CVE-2025-8671)."""
    for stream in range(1, 10_000, 2):
        yield headers(stream, content_length="1") + data(stream, b"xx")


def malformed() -> Iterator[bytes]:
    """Send requests that have to be reset."""
    for stream in range(1, 10_000, 2):
        yield headers(stream, USUAL | {"connection": "close"})


def resets_of_closed() -> Iterator[bytes]:
    """Reset what is over."""
    yield call(1)
    for _ in range(5000):
        yield rst_stream(1, ErrorCode.CANCEL)


def pings() -> Iterator[bytes]:
    """Ask for many signs of life (CVE-2019-9512)."""
    for _ in range(5000):
        yield frame(frames.PING, 0, 0, bytes(8))


def many_settings() -> Iterator[bytes]:
    """Change settings again and again (CVE-2019-9515)."""
    for number in range(5000):
        yield settings({INITIAL_WINDOW_SIZE: number})


def empty_data() -> Iterator[bytes]:
    """Send nothing, many times (CVE-2019-9518)."""
    yield headers(1)
    for _ in range(5000):
        yield data(1, b"", end=False)


def padding_alone() -> Iterator[bytes]:
    """Send nothing but padding."""
    yield headers(1)
    for _ in range(5000):
        yield frame(frames.DATA, frames.PADDED, 1, b"\x01\0")


def window_updates() -> Iterator[bytes]:
    """Open the window by a byte, many times."""
    for _ in range(5000):
        yield window_update(0, 1)


def window_updates_of_closed() -> Iterator[bytes]:
    """Open a window that nobody needs."""
    yield call(1)
    for _ in range(5000):
        yield window_update(1, 1)


def priorities() -> Iterator[bytes]:
    """Shuffle priorities (CVE-2019-9513)."""
    for stream in range(1, 10_000, 2):
        yield frame(frames.PRIORITY, 0, stream, bytes(5))


def unknown() -> Iterator[bytes]:
    """Send what has no meaning."""
    for _ in range(5000):
        yield frame(200, 0, 0)


FLOOD = Limits(
    max_resets_per_second=100,
    max_pings_per_second=100,
    max_settings_per_second=100,
    max_window_updates_per_second=100,
    max_empty_data_per_second=100,
    max_ignored_frames_per_second=100,
)
FLOODS = [
    (resets, "streams reset"),
    (provoked_resets, "streams reset"),
    (malformed, "streams reset"),
    (resets_of_closed, "streams reset"),
    (pings, "PING frames"),
    (many_settings, "SETTINGS frames"),
    (empty_data, "empty DATA frames"),
    (padding_alone, "empty DATA frames"),
    (window_updates, "WINDOW_UPDATE frames"),
    (window_updates_of_closed, "WINDOW_UPDATE frames"),
    (priorities, "frames that say nothing"),
    (unknown, "frames that say nothing"),
]


@pytest.mark.parametrize(("flood", "what"), FLOODS)
def test_flood_ends_the_connection(flood: object, what: str) -> None:
    """Of each kind so many a second are borne, and no more."""
    wire = Wire(limits=FLOOD)
    for number, part in enumerate(flood()):  # type: ignore[operator]  # one of those above
        received = wire.send(part)
        if wire.closed:
            assert 99 <= number <= 101
            assert ending(received) == (CALM, f"more than 100 {what} a second")
            return
    pytest.fail("the flood was borne")


@pytest.mark.parametrize(("flood", "what"), FLOODS)
def test_what_comes_slowly_is_no_flood(flood: object, what: str) -> None:
    """The same frames, not too many in a second, are borne for ever."""
    del what
    wire = Wire(limits=FLOOD)
    for number, part in enumerate(flood()):  # type: ignore[operator]  # one of those above
        wire.now += 0.011
        wire.send(part)
        assert not wire.closed
        if number == 1000:
            return
    pytest.fail("not enough of it")


def test_resets_leave_nothing_behind() -> None:
    """However many streams are opened and reset, none is kept, and every handler is stopped."""
    wire = Wire(later)
    for stream in range(1, 20_001, 2):
        wire.now += 0.001
        wire.send(call(stream) + rst_stream(stream, ErrorCode.CANCEL))
    assert not wire.closed
    assert len(wire.outside.cancelled) == 10_000
    assert wire.connection.streams.alive == {}
    assert wire.calls._stops == {}


def test_streams_that_we_reset_are_remembered_for_a_while() -> None:
    """What was on its way to the last thousands is dropped; of those before them nothing is kept."""
    wire = Wire()
    for stream in range(1, 20_001, 2):
        wire.now += 0.001
        wire.send(headers(stream, USUAL | {"connection": "close"}))
    assert len(wire.connection.streams._resets) == 4096
    assert wire.send(data(19_999, b"x")) == []
    assert ending(wire.send(data(1, b"x")))[0] is ErrorCode.STREAM_CLOSED


def test_streams_beyond_the_limit_are_refused() -> None:
    """REFUSED_STREAM: they may be tried again; those under way go on."""
    wire = Wire(later, Limits(max_concurrent_streams=2))
    found = replies(wire.send(call(1) + call(3) + call(5) + headers(7)))
    assert {stream: reply.reset for stream, reply in found.items()} == dict.fromkeys((5, 7), ErrorCode.REFUSED_STREAM)
    wire.calls.settle(1, b"x")
    wire.take()
    assert replies(wire.send(call(9))) == {}
    assert sorted(wire.connection.streams.alive) == [3, 9]


def test_streams_that_never_end_are_bounded() -> None:
    """Requests that stay open are refused beyond the limit."""
    wire = Wire(limits=Limits(max_concurrent_streams=16))
    wire.send(b"".join(headers(stream) for stream in range(1, 2001, 2)))
    assert len(wire.connection.streams.alive) == 16


def test_gaps_in_the_numbering_are_bounded() -> None:
    """A client that skips every other stream is served, and what is remembered of it does not grow."""
    wire = Wire()
    for stream in range(1, 4001, 4):
        assert replies(wire.send(call(stream)))[stream].status == "0"
    assert len(wire.connection.streams._skipped) <= 16


def test_continuation_flood_ends_the_connection() -> None:
    """CONTINUATION without end, empty or not (CVE-2024-27316)."""
    for part in (b"", b"\x82"):
        wire = Wire(limits=Limits(max_continuation_frames=64))
        wire.send(frame(frames.HEADERS, 0, 1, part))
        for _ in range(64):
            assert wire.send(frame(frames.CONTINUATION, 0, 1, part)) == []
        found = ending(wire.send(frame(frames.CONTINUATION, 0, 1, part)))
        assert found == (CALM, "more than 64 CONTINUATION frames")


def test_header_block_is_bounded_in_bytes() -> None:
    """It is given up before its end, and nothing of it is kept."""
    wire = Wire(limits=Limits(max_header_list_bytes=100_000))
    wire.send(frame(frames.HEADERS, 0, 1, bytes(16384)))
    for _ in range(5):
        assert wire.send(frame(frames.CONTINUATION, 0, 1, bytes(16384))) == []
    assert ending(wire.send(frame(frames.CONTINUATION, 0, 1, bytes(16384))))[0] is CALM
    assert wire.connection.block is None


def test_header_list_is_bounded_whatever_its_block_weighs() -> None:
    """A small block that means a large list ("HPACK bomb", CVE-2016-6581)."""
    wire = Wire(limits=Limits(max_header_list_bytes=1_000_000, max_header_fields=10_000))
    first = b"\x40\x01a\x7f\x81\x1e" + b"v" * (127 + 1 + 30 * 128)
    wire.send(frame(frames.HEADERS, frames.END_HEADERS, 1, block() + first))
    bomb = frame(frames.HEADERS, frames.END_HEADERS, 3, block() + b"\xbe" * 5000)
    assert ending(wire.send(bomb)) == (CALM, "a header list of more than 1000000 bytes")


def test_frame_over_the_limit_is_refused_by_its_head() -> None:
    """Nothing of it is kept."""
    wire = Wire(limits=Limits(max_frame_bytes=20_000))
    assert wire.send(headers(1) + data(1, framed(bytes(100_000))[:20_000], end=False)) == []
    assert ending(wire.send(frames.HEAD.pack(20_001 >> 8, 20_001 & 0xFF, frames.DATA, 0, 1)))[0] is (
        ErrorCode.FRAME_SIZE_ERROR
    )
    assert wire.connection.inbox.waiting_since is None


def test_answers_to_a_shut_window_are_bounded_in_bytes() -> None:
    """A peer that opens no window is cut off (CVE-2019-9517)."""
    wire = Wire(lambda _message, _seconds: bytes(100 * KIB), Limits(max_unsent_bytes=MIB), greet=False)
    wire.send(greeting({INITIAL_WINDOW_SIZE: 0}))
    for stream in range(1, 21, 2):
        wire.send(call(stream))
        assert not wire.closed
    assert ending(wire.send(call(21))) == (CALM, "answers wait for a window that stays shut")


def test_answers_to_a_shut_window_are_bounded_in_time() -> None:
    """A window that opens byte by byte does not help."""
    wire = Wire(limits=Limits(unsent_seconds=20.0), greet=False)
    wire.send(greeting({INITIAL_WINDOW_SIZE: 0}) + call(1, bytes(1000)))
    for _ in range(4):
        assert wire.tick(5.0) == []
        wire.send(window_update(1, 1))
    assert ending(wire.tick(1.0))[0] is CALM


def test_request_that_does_not_end_is_refused_in_time() -> None:
    """Its stream ends, and those of others go on."""
    wire = Wire(limits=Limits(request_seconds=60.0))
    wire.send(headers(1) + data(1, framed(bytes(100))[:50], end=False))
    for _ in range(12):
        assert wire.tick(5.0) == []
        wire.send(data(1, b"x", end=False))
    reply = replies(wire.tick(1.0))[1]
    assert (reply.status, reply.reset) == (str(Status.DEADLINE_EXCEEDED.value), ErrorCode.NO_ERROR)
    assert replies(wire.send(call(3)))[3].status == "0"


def test_request_that_does_not_end_is_refused_at_its_own_deadline() -> None:
    """The caller's deadline counts where it comes first."""
    wire = Wire()
    wire.send(headers(1, grpc_timeout="5S"))
    assert wire.tick(5.0) == []
    assert replies(wire.tick(0.1))[1].status == "4"


def test_other_request_that_does_not_end_is_reset_in_time() -> None:
    """What is no gRPC gets no status."""
    wire = Wire(limits=Limits(request_seconds=60.0))
    wire.send(headers(1, USUAL | {":method": "PUT"}))
    assert replies(wire.tick(60.1))[1].reset is ErrorCode.CANCEL


@pytest.mark.parametrize(
    "begun",
    [
        pytest.param(frames.HEAD.pack(0, 100, frames.DATA, 0, 1)[:5], id="a frame's head"),
        pytest.param(call(1)[:-1], id="a frame"),
        pytest.param(frame(frames.HEADERS, 0, 1, block()), id="a header block"),
    ],
)
def test_what_is_begun_has_to_end_in_time(begun: bytes) -> None:
    """Half a frame, or half a header block, ends the connection."""
    wire = Wire(limits=Limits(request_seconds=60.0))
    wire.send(begun)
    for _ in range(10):
        wire.tick(6.0)
    assert wire.closed is False
    wire.tick(6.1)
    assert wire.closed


def test_frames_that_come_in_pieces_are_no_attack() -> None:
    """A busy connection is in the middle of a frame whenever one looks."""
    wire = Wire()
    whole = b"".join(call(stream) for stream in range(1, 201, 2))
    step = len(call(1))
    wire.send(whole[: step // 2])
    for number in range(99):
        wire.tick(6.0)
        wire.send(whole[step // 2 + number * step : step // 2 + (number + 1) * step])
        assert not wire.closed
    assert wire.connection.streams.highest == 197


@pytest.mark.parametrize("begun", [b"", frames.PREFACE[:10], frames.PREFACE])
def test_silent_connection_ends_in_time(begun: bytes) -> None:
    """Without preface and SETTINGS."""
    wire = Wire(limits=Limits(preface_seconds=10.0), greet=False)
    wire.send(begun)
    assert wire.tick(10.0) == []
    assert ending(wire.tick(0.1)) == (CALM, "no SETTINGS in time")


def test_peer_that_is_dead_is_found_out() -> None:
    """After a while of silence it is asked, and then has a while to answer."""
    wire = Wire(limits=Limits(keepalive_seconds=60.0, keepalive_timeout_seconds=20.0))
    assert wire.tick(60.0) == []
    (ping,) = wire.tick(1.0)
    assert (ping.kind, ping.flags) == (frames.PING, 0)
    wire.now += 10.0
    wire.send(frame(frames.PING, frames.ACK, 0, ping.payload))
    assert wire.tick(60.0) == []
    (ping,) = wire.tick(1.0)
    assert wire.tick(20.0) == []
    assert ending(wire.tick(1.0)) == (CALM, "no sign of life")


def test_connection_without_calls_is_left() -> None:
    """Gracefully, however many pings it gets."""
    wire = Wire(limits=Limits(idle_seconds=100.0))
    wire.send(call(1))
    for _ in range(21):
        assert [one for one in wire.tick(5.0) if one.kind == frames.GOAWAY] == []
        wire.send(frame(frames.PING, 0, 0, bytes(8)))
    assert [one.kind for one in wire.tick(5.0)] == [frames.GOAWAY, frames.PING]


def test_connection_with_a_call_is_not_idle() -> None:
    """A call that takes long is a call."""
    wire = Wire(later, Limits(idle_seconds=100.0, keepalive_seconds=10_000.0))
    wire.send(call(1))
    for _ in range(10):
        assert wire.tick(50.0) == []
