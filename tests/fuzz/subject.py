"""What is fuzzed: three servers that read the same, one at once, one in small pieces, and one that traces calls.

Nothing may raise, what is kept is bounded, and all have to say the same.
"""

from collections.abc import Awaitable, Iterator, Sequence
from itertools import chain
from typing import Any

from fuzz.inputs import CHECK, reads
from sidecar.transport.native import frames
from sidecar.transport.native.calls import SUBSCRIPTIONS, Calls
from sidecar.transport.native.header_memo import HeaderMemo
from sidecar.transport.native.header_shapes import _MOST_PIECES, _MOST_SIZES, _Place
from sidecar.transport.native.health import Health
from sidecar.transport.native.limits import KIB, Limits
from sidecar.transport.native.methods import Methods, Unary
from sidecar.transport.native.traced_heads import TracedHeads
from sidecar.transport.tracing import Answer, CallTracer

#: So low that short inputs reach them: long ones are slow to read, and few in an hour.
LIMITS = Limits(
    max_concurrent_streams=8,
    max_message_bytes=50_000,
    max_header_list_bytes=20_000,
    max_header_fields=100,
    max_continuation_frames=8,
    stream_window_bytes=4 * KIB,
    connection_window_bytes=128 * KIB,
    max_request_bytes=4 * KIB,
    max_unsent_bytes=10_000,
    max_resets_per_second=50,
    max_pings_per_second=50,
    max_settings_per_second=50,
    max_window_updates_per_second=50,
    max_empty_data_per_second=50,
    max_ignored_frames_per_second=50,
)
_PIECE_BYTES = 7


class _Never:
    def __await__(self) -> Iterator[None]:
        raise AssertionError


def _answer(message: bytes, _seconds: float | None) -> object:
    if message.startswith(b"w"):
        return _Never()
    if message.startswith(b"e"):
        raise ValueError
    return message * 2


class Subject:
    """One server's end of a connection. Nothing is ever awaited to its end."""

    def __init__(self, tracer: CallTracer | None = None) -> None:
        self.health = Health(["x"])
        #: Calls that are awaited.
        self.awaited: set[int] = set()
        methods: Methods = {CHECK: Unary(_answer, tracer=tracer)} | self.health.methods()  # type: ignore[arg-type]  # at will
        self.calls = Calls(LIMITS, methods, self, 0.0)

    def begin(self, stream_id: int, awaitable: Awaitable[bytes], seconds: float | None) -> None:
        """Note it."""
        del awaitable, seconds
        assert stream_id not in self.awaited
        self.awaited.add(stream_id)

    def cancel(self, stream_id: int) -> None:
        """Forget it."""
        self.awaited.remove(stream_id)

    def holds_more(self) -> None:
        """Have nobody beside it."""

    def flush_soon(self) -> None:
        """Do nothing."""

    @property
    def memo(self) -> HeaderMemo[Any]:
        """Return what decodes its header blocks."""
        headers = self.calls.connection.headers
        return headers._memo if isinstance(headers, TracedHeads) else headers

    def look(self) -> None:
        """Say whether what is kept is bounded, and all of it still belongs to somebody."""
        calls, connection = self.calls, self.calls.connection
        alive, uploads = connection.streams.alive, calls._uploads
        assert len(alive) <= LIMITS.max_concurrent_streams
        assert len(connection.inbox._rest) < LIMITS.max_frame_bytes + frames.HEAD_BYTES
        assert connection.outlet.held <= LIMITS.max_unsent_bytes or connection.closed
        assert connection.outlet.held == sum(len(each.unsent) for each in alive.values())
        assert connection.intake.holding == sum(each.held for each in alive.values())
        assert len(connection.streams._resets) <= 4096
        assert len(connection.streams._skipped) <= 16
        assert connection.block is None or connection.block.size <= LIMITS.max_header_list_bytes
        assert len(self.memo.known) <= 64
        _look_at_shapes(self.memo._shapes._begin)
        if connection.closed:
            assert not uploads
            assert not calls._stops
        else:
            assert uploads.keys() <= alive.keys()
            assert all(len(upload.reader._received) <= alive[number].held for number, upload in uploads.items())
            assert calls._stops.keys() <= alive.keys()
        assert self.awaited <= calls._stops.keys()
        assert len(calls._stops) == len(self.awaited) + len(self.health._watching)
        assert len(self.health._watching) <= SUBSCRIPTIONS


def _tracer(parents: Sequence[str], _states: Sequence[str]) -> Answer | None:
    """Say, as it may of any call, that the same answers it."""
    return None if parents else _answer  # type: ignore[return-value]  # at will


def _look_at_shapes(begin: _Place[Any]) -> None:
    """Say whether the tree is small, and its pieces are."""
    places, pieces = [begin], 0
    while places:
        place = places.pop()
        assert len(place.pieces) <= _MOST_SIZES
        following = [of_one_size.items() for of_one_size in place.pieces.values()]
        for part in chain(place.last, *(dict(each) for each in following)):
            pieces += 1
            assert len(part) <= 2048
        places += (next_place for each in following for _, next_place in each)
    # One block has no more pieces than fields, and one behind them.
    assert pieces <= max(_MOST_PIECES, LIMITS.max_header_fields + 1)


def fuzz(data: bytes) -> None:
    """Have an input read."""
    whole, cut, traced = Subject(), Subject(), Subject(_tracer)
    now = 0.0
    for received, seconds in reads(data):
        now += seconds
        for one in (whole, cut, traced):
            one.calls.tick(now)
        if received:
            whole.calls.received(received, now)
            traced.calls.received(received, now)
        for at in range(0, len(received), _PIECE_BYTES):
            cut.calls.received(received[at : at + _PIECE_BYTES], now)
        for one in (whole, cut, traced):
            one.look()
    end = whole.calls.connection
    for other in (cut.calls.connection, traced.calls.connection):
        assert b"".join(end.out) == b"".join(other.out)
        assert end.closed == other.closed
