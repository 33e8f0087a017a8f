"""gRPC calls on one connection (gRPC over HTTP/2): a connection's events in, handlers called, answers sent. Sans-IO.

``received`` takes bytes, ``settle`` what an awaitable came to, ``tick`` the time; ``connection.out`` is what to send.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from sidecar.observe.transport_counts import GrpcError, Limit, TransportCounts
from sidecar.transport.native import replies
from sidecar.transport.native.connection import Connection
from sidecar.transport.native.deadlines import Deadlines
from sidecar.transport.native.errors import ErrorCode
from sidecar.transport.native.events import Body, Event, Gone, NeedData, Request
from sidecar.transport.native.fast_path import take_whole_requests
from sidecar.transport.native.grpc_message import PREFIX_BYTES, MessageReader, TooLargeError, framed
from sidecar.transport.native.grpc_status import CallError, Status
from sidecar.transport.native.head import Head, HttpError
from sidecar.transport.native.limits import MIB, Limits
from sidecar.transport.native.methods import Methods, Streaming, Subscribe, Unary
from sidecar.transport.native.outcome import Outcome, outcome_of

#: Bytes by which a connection grows until what all hold is looked at again.
_LOOK_BYTES: Final = MIB
#: Subscriptions at once on a connection. Each is a call that never ends, and a client has use for one or two; a few
#: more, as one that it cancelled may be heard of after the next.
SUBSCRIPTIONS: Final = 4


class Outside(Protocol):
    """What only the outside can do."""

    def begin(self, stream_id: int, awaitable: Awaitable[bytes], seconds: float | None) -> None:
        """Await it, for so long at the most, and ``settle`` the call with what it comes to."""

    def cancel(self, stream_id: int) -> None:
        """Stop awaiting: nobody wants it any more."""

    def holds_more(self) -> None:
        """Look at what all connections hold together: this one holds more than it did when that was looked at last."""

    def flush_soon(self) -> None:
        """Send ``connection.out``: there is something in it, and no ``received`` under way."""


@dataclass(slots=True)
class _Upload:
    """A request that is not yet whole."""

    head: Head
    reader: MessageReader
    began_at: float


class Calls:
    """The calls of one connection. ``counts`` are those of all connections together."""

    def __init__(
        self, limits: Limits, methods: Methods, outside: Outside, now: float, counts: TransportCounts | None = None
    ) -> None:
        traced = any(isinstance(one, Unary) and one.tracer is not None for one in methods.values())
        self.connection = Connection(limits, partial(Head, methods=methods), now, counts, traced=traced)
        #: Bytes of DATA that a whole message may have to be one for ``fast_path``.
        self.largest_data = min(
            limits.max_frame_bytes, limits.max_message_bytes + PREFIX_BYTES, limits.stream_window_bytes
        )
        self._limits, self._outside = limits, outside
        #: Bytes held from which on it is time to look at all connections.
        self._look_beyond = _LOOK_BYTES
        self._deadlines = Deadlines()
        self._uploads: dict[int, _Upload] = {}
        #: How to stop what still goes on for a stream: a handler that is awaited, a subscription.
        self._stops: dict[int, Callable[[], None]] = {}
        #: Who is subscribed, by stream; and how many ever were.
        self._subscribers: dict[int, _Caller] = {}
        self._subscriptions = 0

    @property
    def was_called(self) -> bool:
        """Return whether there ever was a call, subscriptions apart."""
        return self.connection.streams.highest + 1 > 2 * self._subscriptions

    @property
    def is_busy(self) -> bool:
        """Return whether a call is under way, subscriptions apart."""
        return len(self.connection.streams.alive) > len(self._subscribers)

    @property
    def called_at(self) -> float | None:
        """Return when ``tick`` saw a call last; ``None``: there was no tick yet."""
        return self._deadlines.called_at

    def received(self, data: bytes, now: float) -> None:
        """Take bytes that were read at ``now``."""
        self.connection.receive(data, now)
        while True:
            take_whole_requests(self)
            event = self.connection.next_event()
            if isinstance(event, NeedData):
                break
            if event is not None:
                self._take(event)
            # Not on the fast path, which keeps nothing.
            if self.connection.held > self._look_beyond:
                self._look_beyond = self.connection.held + _LOOK_BYTES
                self._outside.holds_more()
        if self.connection.closed:
            self.end()

    def settle(self, stream_id: int, outcome: Outcome, seconds: float | None = None) -> None:
        """Answer a call with what its handler came to; ``seconds`` are left for what has to be awaited."""
        self._stops.pop(stream_id, None)
        if isinstance(outcome, bytes):
            answer = replies.opening(stream_id), framed(outcome), replies.ok(stream_id)
            self.connection.send(stream_id, *answer)
        elif isinstance(outcome, CallError):
            self.connection.counts.errors[GrpcError[outcome.status.name]] += 1
            self.connection.send(stream_id, b"", b"", replies.refused(stream_id, outcome.status, outcome.text))
        else:
            self._stops[stream_id] = partial(self._outside.cancel, stream_id)
            self._outside.begin(stream_id, outcome, seconds)

    def tick(self, now: float) -> None:
        """Look at what takes too long. To be called now and then."""
        self.connection.now = now
        self._look_beyond = self.connection.held + _LOOK_BYTES
        for stream_id, upload in list(self._uploads.items()):
            longest = self._limits.request_seconds
            timeout = longest if upload.head.timeout is None else min(longest, upload.head.timeout)
            if now - upload.began_at > timeout:
                if timeout == longest:
                    self.connection.counts.limits[Limit.REQUEST_SECONDS] += 1
                self._refuse(stream_id, CallError(Status.DEADLINE_EXCEEDED, "the request did not end in time"))
        self._deadlines.look(self.connection, now, busy=self.is_busy)
        self._unsubscribe_if_leaving()
        if self.connection.closed:
            self.end()

    def leave(self) -> None:
        """Begin to leave the connection. Subscriptions are ended: they would hold that up for ever."""
        self.connection.leave()
        self._unsubscribe_if_leaving()

    def end(self) -> None:
        """Stop whatever goes on for this connection. May be called again."""
        self._uploads.clear()
        self._subscribers.clear()
        while self._stops:
            self._stops.popitem()[1]()

    def _take(self, event: Event) -> None:
        if isinstance(event, Request):
            self._request(event)
        elif isinstance(event, Body):
            self._body(event)
        else:
            self._gone(event)

    def _request(self, event: Request) -> None:
        method = event.head.method
        if isinstance(method, CallError):
            # At once: a client that streams would wait for it before it ends its request.
            self.settle(event.stream_id, method)
            return
        upload = _Upload(event.head, MessageReader(self._limits.max_message_bytes), self.connection.now)
        self._uploads[event.stream_id] = upload
        if event.ended:
            self._whole(event.stream_id, upload)

    def _body(self, event: Body) -> None:
        upload = self._uploads.get(event.stream_id)
        if upload is None:
            return  # answered before its end, and the answer waits for the peer's window
        try:
            if not isinstance(upload.head.method, HttpError):
                upload.reader.add(event.data)
        except CallError as error:
            self._refuse(event.stream_id, error)
            return
        if event.ended:
            self._whole(event.stream_id, upload)

    def _whole(self, stream_id: int, upload: _Upload) -> None:
        """Call the handler, now that there is all of a request."""
        del self._uploads[stream_id]
        method, passed = upload.head.method, self.connection.now - upload.began_at
        if isinstance(method, HttpError):
            self._refuse_http(stream_id, method)
            return
        assert not isinstance(method, CallError)  # noqa: S101 - refused when it began
        try:
            message = upload.reader.message()
            if isinstance(method, Streaming):
                self._subscribe(stream_id, method.subscribe, message)
                return
            outcome: Outcome = method.answer(message, upload.head.time_left(passed))
        except Exception as error:  # noqa: BLE001 - ours to make an answer of
            outcome = outcome_of(error)
        timeout = upload.head.timeout
        self.settle(stream_id, outcome, None if timeout is None else max(0.0, timeout - passed))

    def _subscribe(self, stream_id: int, subscribe: Subscribe, message: bytes) -> None:
        if len(self._subscribers) >= SUBSCRIPTIONS:
            raise CallError(Status.RESOURCE_EXHAUSTED, f"{SUBSCRIPTIONS} subscriptions on a connection, and no more")
        caller = _Caller(self, stream_id)
        self._stops[stream_id] = subscribe(message, caller)
        self._subscribers[stream_id] = caller
        self._subscriptions += 1
        self._unsubscribe_if_leaving()

    def _unsubscribe_if_leaving(self) -> None:
        if self._subscribers and self.connection.leaving.began_at is not None:
            for subscriber in tuple(self._subscribers.values()):
                subscriber.end(Status.UNAVAILABLE, "the server is leaving")

    def unsubscribe(self, stream_id: int) -> None:
        """Stop a subscription, if there is one."""
        self._subscribers.pop(stream_id, None)
        stop = self._stops.pop(stream_id, None)
        if stop is not None:
            stop()

    def flush_soon(self) -> None:
        """Have sent what a subscription gave."""
        self._outside.flush_soon()

    def _gone(self, event: Gone) -> None:
        self._uploads.pop(event.stream_id, None)
        self.unsubscribe(event.stream_id)

    def _refuse(self, stream_id: int, error: CallError) -> None:
        method = self._uploads.pop(stream_id).head.method
        if isinstance(error, TooLargeError):
            self.connection.counts.limits[Limit.MAX_MESSAGE_BYTES] += 1
        if isinstance(method, Unary) and method.too_large is not None and isinstance(error, TooLargeError):
            self.settle(stream_id, method.too_large())
        elif isinstance(method, HttpError):
            self.connection.reset(stream_id, ErrorCode.CANCEL)
        else:
            self.settle(stream_id, error)

    def _refuse_http(self, stream_id: int, refusal: HttpError) -> None:
        text = refusal.text.encode() if refusal.has_body else b""
        self.connection.send(
            stream_id, replies.http_refused(stream_id, refusal.status), text, replies.http_end(stream_id)
        )


class _Caller:
    """Who called a streaming method."""

    def __init__(self, calls: Calls, stream_id: int) -> None:
        self._calls, self.stream_id = calls, stream_id
        self._begun = False

    def send(self, message: bytes) -> None:
        """Send a message."""
        opening = b"" if self._begun else replies.opening(self.stream_id)
        self._begun = True
        self._calls.connection.send(self.stream_id, opening, framed(message), None)
        self._calls.flush_soon()

    def end(self, status: Status, text: str) -> None:
        """End the call."""
        last = (replies.failed if self._begun else replies.refused)(self.stream_id, status, text)
        self._calls.connection.send(self.stream_id, b"", b"", last)
        self._calls.unsubscribe(self.stream_id)
        self._calls.flush_soon()
