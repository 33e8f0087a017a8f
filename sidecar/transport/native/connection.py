"""One HTTP/2 connection, server side (RFC 9113): bytes in, events and bytes out. Used as h11 is.

``receive``, then ``next_event`` until ``NEED_DATA``; ``send`` and ``reset`` for answers; ``out`` is what has to be
sent. Nothing raises: a peer's fault is the end of a stream (``Gone``) or of the connection (``closed``).
"""

from collections.abc import Callable

from sidecar.observe.transport_counts import Direction, Limit, Scope, TransportCounts
from sidecar.transport.native.budgets import Budgets
from sidecar.transport.native.control_frames import CONTROL_FRAMES, ignored
from sidecar.transport.native.errors import ErrorCode, H2ConnectionError, H2StreamError
from sidecar.transport.native.events import NEED_DATA, Event, Gone, NeedData
from sidecar.transport.native.frames import goaway, rst_stream
from sidecar.transport.native.head import Head
from sidecar.transport.native.header_block import HeaderBlock
from sidecar.transport.native.header_memo import Fields, HeaderMemo
from sidecar.transport.native.inbox import Inbox
from sidecar.transport.native.intake import Intake
from sidecar.transport.native.leaving import Leaving
from sidecar.transport.native.limits import Limits
from sidecar.transport.native.outlet import Outlet
from sidecar.transport.native.phases import Phase, next_phase
from sidecar.transport.native.settings_frame import ours
from sidecar.transport.native.stream_frames import STREAM_FRAMES
from sidecar.transport.native.streams import On, State, Stream, Streams
from sidecar.transport.native.traced_heads import TracedHeads

_FRAMES = CONTROL_FRAMES | STREAM_FRAMES


class Connection:
    """A connection. ``read`` makes a ``Head`` of a request's fields. Times are seconds of one clock.

    ``counts`` are those of all connections together. ``traced``: whether some method wants to know which trace a call
    belongs to.
    """

    def __init__(
        self,
        limits: Limits,
        read: Callable[[Fields], Head],
        now: float,
        counts: TransportCounts | None = None,
        *,
        traced: bool = False,
    ) -> None:
        self.limits = limits
        self.counts = TransportCounts() if counts is None else counts
        self.now = self.began_at = self.heard_at = now
        self.phase = Phase.PREFACE
        #: What has to be sent, in pieces. The caller empties it.
        self.out: list[bytes] = []
        self.inbox = Inbox(limits.max_frame_bytes)
        self.block: HeaderBlock | None = None  #: of which CONTINUATION is to come
        self.headers: HeaderMemo[Head] | TracedHeads
        self.headers = TracedHeads(limits, read) if traced else HeaderMemo(limits, read)
        self.streams = Streams()
        self.intake = Intake(limits)
        self.outlet = Outlet(self.out, self._answered)
        self.budgets = Budgets(limits)
        self.leaving = Leaving()
        #: Which fault of the peer's has closed it; empty: none.
        self.fault = ""
        # The connection's window is opened by a frame: no setting can (section 6.9.2).
        self.out += (ours(limits), self.intake.refill())

    @property
    def closed(self) -> bool:
        """Return whether it is over, once ``out`` is sent."""
        return self.phase is Phase.CLOSED

    @property
    def held(self) -> int:
        """Return how many bytes are kept: of requests, of answers that wait for a window, of a header block."""
        return self.intake.holding + self.outlet.held + (0 if self.block is None else self.block.size)

    def receive(self, data: bytes, now: float) -> None:
        """Take bytes that were read at ``now``. Those before them have been looked at."""
        self.now = self.heard_at = now
        if not self.closed:
            self.inbox.add(data, now)

    def next_event(self) -> Event | NeedData | None:
        """Take one frame; return its event, ``None`` where it has none, and ``NEED_DATA`` where there is no frame."""
        try:
            return self._next_event()
        except H2StreamError as error:
            return self._stream_failed(error)
        except H2ConnectionError as error:
            self.fail(error)
            return NEED_DATA

    def _next_event(self) -> Event | NeedData | None:
        if self.phase is Phase.PREFACE and self.inbox.preface():
            self.phase = Phase.SETTINGS
        if self.phase in (Phase.PREFACE, Phase.CLOSED):
            return NEED_DATA
        received = self.inbox.frame()
        if received is None:
            return NEED_DATA
        self.phase = next_phase(self.phase, received.kind, received.flags)
        return _FRAMES.get(received.kind, ignored)(self, received)

    def accept(self, stream_id: int, content_length: int | None, state: State) -> Stream:
        """Open a stream for a request, in the state that it is in."""
        window = self.outlet.peer.initial_window_bytes
        stream = Stream(stream_id, state, self.limits.stream_window_bytes, window, content_length)
        self.streams.alive[stream_id] = stream
        return stream

    def send(self, stream_id: int, head: bytes, data: bytes, trailers: bytes | None) -> None:
        """Send of an answer: a frame of headers, DATA of ``data``, and the frame that ends it, if there is one yet.

        Whoever has answered a stream that is gone is not told.
        """
        stream = self.streams.alive.get(stream_id)
        if stream is None:
            return
        self.say(head)
        self.outlet.send(stream, data, trailers, self.now)
        if self.outlet.held > self.limits.max_unsent_bytes:
            text = "answers wait for a window that stays shut"
            self.fail(H2ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, text, Limit.MAX_UNSENT_BYTES))

    def reset(self, stream_id: int, code: ErrorCode) -> None:
        """End a stream at once."""
        self.out.append(rst_stream(stream_id, code))
        self.counts.resets[Direction.SENT] += 1
        self.streams.remember_reset(stream_id)
        self.forget(stream_id)

    def forget(self, stream_id: int) -> None:
        """Drop what is kept of a stream."""
        stream = self.streams.alive.pop(stream_id, None)
        if stream is not None:
            self.outlet.forget(stream)
            self.say(self.intake.released(stream))
            self.close_if_left()

    def leave(self) -> None:
        """Begin to leave: it closes by itself once the peer knows and all streams are answered."""
        if not self.closed:
            self.out += self.leaving.begin(self.now)

    def close_if_left(self) -> None:
        """Close it, where it was to be left and nothing is under way any more."""
        if self.leaving.told_last and not self.streams.alive:
            self._close()

    def fail(self, error: H2ConnectionError) -> None:
        """Close it for a fault of the peer's."""
        if not self.closed:
            self.fault = str(error)
            if error.code is not ErrorCode.NO_ERROR:
                self.counts.note(error.limit, Scope.CONNECTION)
            self.out.append(goaway(max(self.streams.highest, 0), error.code, error.text))
            self._close()

    def say(self, frame: bytes) -> None:
        """Send a frame, or nothing."""
        if frame:
            self.out.append(frame)

    def _answered(self, stream: Stream) -> None:
        """Note that the last frame of an answer is sent."""
        stream.state = self.streams.next_state(stream.id, On.SEND_END)
        if stream.state is State.HALF_CLOSED_LOCAL:
            # The rest of the request is not wanted (section 8.1).
            self.reset(stream.id, ErrorCode.NO_ERROR)
        else:
            self.forget(stream.id)

    def _stream_failed(self, error: H2StreamError) -> Event | NeedData:
        self.counts.note(error.limit, Scope.STREAM)
        try:
            self.budgets.resets.spend(self.now)
        except H2ConnectionError as exceeded:
            self.fail(exceeded)
            return NEED_DATA
        self.reset(error.stream_id, error.code)
        return Gone(error.stream_id)

    def _close(self) -> None:
        self.phase = Phase.CLOSED
        self.inbox.drop()
        self.block = None
