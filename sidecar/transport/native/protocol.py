"""A connection on a real socket: an asyncio protocol around ``Calls``.

What one read brings is answered by one write. While the peer does not read, nothing is read from it either.
"""

import asyncio
import logging
from collections.abc import Awaitable
from contextlib import suppress
from functools import partial
from typing import Final, Protocol, cast

from sidecar.observe.transport_counts import Limit, TransportCounts
from sidecar.transport.native.calls import Calls
from sidecar.transport.native.errors import ErrorCode, H2ConnectionError
from sidecar.transport.native.grpc_status import CallError, Status
from sidecar.transport.native.limits import Limits
from sidecar.transport.native.methods import Methods
from sidecar.transport.native.outcome import Outcome, outcome_of
from sidecar.transport.native.peers import Doorkeeper
from sidecar.transport.native.phases import Phase

#: Seconds that a closed connection's last frames get to reach the peer. Closed with bytes unread, TCP would take them
#: back: so what comes meanwhile is read, and dropped.
_LINGER_SECONDS: Final = 1.0

#: Seconds beyond a call's deadline after which it is given up. Handlers keep to the deadline by themselves, and deny: a
#: denial must not lose against this timer because both are late on a busy loop.
_BACKSTOP_SECONDS: Final = 1.0

#: Seconds in which a peer that reads takes what has come of one read of ours, however large it is.
_READS_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)


class Connections(Protocol):
    """Who keeps the open connections. ``leaving``: the server is, and new ones are to leave as well."""

    leaving: bool
    counts: TransportCounts
    doorkeeper: Doorkeeper | None  #: ``None``: whoever could connect may ask

    def opened(self, connection: "NativeProtocol") -> bool:
        """Note a new one; say whether there is room for it."""

    def lost(self, connection: "NativeProtocol") -> None:
        """Note that one has ended."""

    def look_at_memory(self) -> None:
        """See that all together do not hold too much."""


class NativeProtocol(asyncio.Protocol):
    """One connection."""

    def __init__(self, limits: Limits, methods: Methods, connections: Connections) -> None:
        self._limits, self._connections = limits, connections
        self._loop = asyncio.get_running_loop()
        self._seen = connections.counts
        self.calls = Calls(limits, methods, self, self._loop.time(), self._seen)
        self._out = self.calls.connection.out
        self._tasks: dict[int, asyncio.Future[bytes]] = {}
        self._flushing: asyncio.Handle | None = None
        self._full_since: float | None = None
        self._ends_at: float | None = None

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet the peer; or let it go, where it may not ask, or there are too many."""
        self._transport = cast("asyncio.Transport", transport)
        doorkeeper = self._connections.doorkeeper
        if doorkeeper is not None and not doorkeeper.admits(transport):
            self._seen.connections += 1
            self._seen.limits[Limit.ALLOWED_PEERS] += 1
            self._ends_at = self._loop.time()  # INVARIANT: nothing that it sends is looked at
            self._transport.abort()
            return
        self._transport.set_write_buffer_limits(high=self._limits.write_buffer_bytes)
        if not self._connections.opened(self):
            self._transport.abort()
        elif self._connections.leaving:
            self.leave()
        else:
            self.flush()

    def data_received(self, data: bytes) -> None:
        """Take what was read, and answer what can be answered at once."""
        if self._ends_at is not None:
            return
        try:
            self.calls.received(data, self._loop.time())
            self.flush()
        except Exception:  # noqa: BLE001 - a fault of ours, which must end no more than this connection
            self._broken()

    def pause_writing(self) -> None:
        """Take no more requests from a peer that does not read the answers."""
        self._full_since = self._loop.time()
        self._seen.limits[Limit.WRITE_BUFFER_BYTES] += 1
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        self._full_since = None
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop whatever goes on for it."""
        del exc
        self._ends_at = self._loop.time()
        self.calls.end()
        self._connections.lost(self)

    # The server's side

    def tick(self) -> None:
        """Look at what takes too long. To be called now and then."""
        now = self._loop.time()
        if self._ends_at is not None:
            if now >= self._ends_at:
                self._transport.abort()
            return
        if self._full_since is not None and now - self._full_since > self._limits.unsent_seconds:
            _log.info("connection closed: it does not read its answers")
            self._abort_for(Limit.UNSENT_SECONDS)
            return
        try:
            self.calls.tick(now)
            self.flush()
        except Exception:  # noqa: BLE001 - as above
            self._broken()

    @property
    def heard_at(self) -> float:
        """Return when something came last, in the loop's seconds."""
        return self.calls.connection.heard_at

    @property
    def has_greeted(self) -> bool:
        """Return whether the peer has sent its preface and SETTINGS."""
        return self.calls.connection.phase not in (Phase.PREFACE, Phase.SETTINGS)

    @property
    def is_unused(self) -> bool:
        """Return whether there never was a call, or will be none any more."""
        return self.calls.connection.closed or not self.calls.was_called

    @property
    def idle_since(self) -> float | None:
        """Return since when no call has been under way, in the loop's seconds; ``None``: one is, or was just now."""
        return None if self.calls.is_busy else self.calls.called_at

    @property
    def streams(self) -> int:
        """Return how many streams the peer has opened: their numbers are odd, and none comes twice."""
        return (self.calls.connection.streams.highest + 1) // 2

    @property
    def held(self) -> int:
        """Return how many bytes are kept for it; none for one that is ending, and is about to let go of them."""
        return 0 if self._ends_at is not None else self.calls.connection.held + self._transport.get_write_buffer_size()

    def hold_less(self, most: int) -> None:
        """Close it, since all together hold more than so many bytes."""
        text = f"all connections hold more than {most} bytes, and this one most of them"
        error = H2ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, text, Limit.MAX_TOTAL_BUFFER_BYTES)
        self.calls.connection.fail(error)
        self.flush()

    def leave(self) -> None:
        """Begin to leave: close once the peer knows and all calls are answered."""
        self.calls.leave()
        self.flush()

    def give_up(self) -> None:
        """Close it, whatever is under way."""
        self.calls.connection.fail(H2ConnectionError(ErrorCode.NO_ERROR, "the server is gone"))
        self.flush()

    def abort(self) -> None:
        """End it now."""
        self._transport.abort()

    def flush(self) -> None:
        """Write what there is to send, and end where the connection is over."""
        if self._out:
            if self._ends_at is None and not self._transport.is_closing():
                self._transport.write(b"".join(self._out))
            self._out.clear()
        # Not at once: what one read brings may be answered with more than that, though the peer reads all of it.
        stuck = self._full_since is not None and self._loop.time() - self._full_since > _READS_SECONDS
        if stuck and self._transport.get_write_buffer_size() > self._limits.max_unsent_bytes:
            self._abort_for(Limit.MAX_UNSENT_BYTES)
        if self.calls.connection.closed and self._ends_at is None:
            self._end()

    # What calls ask for

    def begin(self, stream_id: int, awaitable: Awaitable[bytes], seconds: float | None) -> None:
        """Await it, for so long at the most, and answer the call with what it comes to."""
        task = asyncio.ensure_future(awaitable)
        self._tasks[stream_id] = task
        timer = None if seconds is None else self._loop.call_later(seconds + _BACKSTOP_SECONDS, task.cancel)
        task.add_done_callback(partial(self._done, stream_id, timer))

    def cancel(self, stream_id: int) -> None:
        """Stop awaiting."""
        task = self._tasks.pop(stream_id, None)
        if task is not None:
            task.cancel()

    def holds_more(self) -> None:
        """Look at all connections."""
        self._connections.look_at_memory()

    def flush_soon(self) -> None:
        """Write once everything that is ready in this turn of the loop has added to it."""
        if self._flushing is None:
            self._flushing = self._loop.call_soon(self._flush_now)

    def _flush_now(self) -> None:
        self._flushing = None
        self.flush()

    def _done(self, stream_id: int, timer: asyncio.TimerHandle | None, task: "asyncio.Future[bytes]") -> None:
        if timer is not None:
            timer.cancel()
        if self._tasks.get(stream_id) is not task:
            return  # nobody wants it any more
        del self._tasks[stream_id]
        self.calls.connection.now = self._loop.time()
        self.calls.settle(stream_id, _outcome(task))
        self.flush_soon()

    def _abort_for(self, limit: Limit) -> None:
        if not self._transport.is_closing():
            self._seen.limits[limit] += 1
        self._transport.abort()

    def _end(self) -> None:
        if self.calls.connection.fault:
            _log.info("connection closed: %s", self.calls.connection.fault)
        self.calls.end()
        self._ends_at = self._loop.time() + _LINGER_SECONDS
        if not self._transport.is_closing():
            # Read on, and drop it: see above.
            self._transport.resume_reading()
            with suppress(OSError):  # the peer is gone already, and its end not yet heard
                self._transport.write_eof()

    def _broken(self) -> None:
        _log.exception("a connection failed")
        self.calls.end()
        self._transport.abort()


def _outcome(task: "asyncio.Future[bytes]") -> Outcome:
    if task.cancelled():
        return CallError(Status.DEADLINE_EXCEEDED, "no answer within the call's deadline")
    error = task.exception()
    return task.result() if error is None else outcome_of(error)
