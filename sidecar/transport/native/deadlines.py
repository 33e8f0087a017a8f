"""What may take only so long on a connection, and how a peer that is silent is found out."""

from typing import Final

from sidecar.observe.transport_counts import Limit
from sidecar.transport.native.connection import Connection
from sidecar.transport.native.errors import ErrorCode, H2ConnectionError
from sidecar.transport.native.frames import PING, frame
from sidecar.transport.native.phases import Phase

_ALIVE: Final = b"alive?!?"


class Deadlines:
    """Looks at one connection now and then; what it remembers is what it saw the last time."""

    __slots__ = ("_highest", "_pinged_at", "called_at")

    def __init__(self) -> None:
        #: When a call was under way, or had been since the look before; at first when it was looked at first.
        self.called_at: float | None = None
        self._highest = -1
        self._pinged_at: float | None = None

    def look(self, connection: Connection, now: float, *, busy: bool) -> None:
        """End the connection, or ask for a sign of life, where it is time. ``busy``: a call is under way."""
        if connection.closed:
            return
        late = self._late(connection, now)
        if late is not None:
            connection.fail(H2ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, *late))
            return
        self._ask_for_life(connection, now)
        self._leave_if_idle(connection, now, busy=busy)

    def _late(self, connection: Connection, now: float) -> tuple[str, Limit] | None:
        """Say what takes too long, and by which limit; ``None``: nothing."""
        limits = connection.limits
        if connection.phase in (Phase.PREFACE, Phase.SETTINGS):
            is_late = now - connection.began_at > limits.preface_seconds
            return ("no SETTINGS in time", Limit.PREFACE_SECONDS) if is_late else None
        if self._pinged_at is not None and connection.heard_at > self._pinged_at:
            self._pinged_at = None
        block, left_at = connection.block, connection.leaving.began_at
        block_at = None if block is None else block.began_at
        # What has lasted since when, and how long it may.
        lasting = (
            ("a frame that does not end", connection.inbox.waiting_since, Limit.REQUEST_SECONDS),
            ("a header block that does not end", block_at, Limit.REQUEST_SECONDS),
            ("answers wait for a window that stays shut", connection.outlet.oldest(), Limit.UNSENT_SECONDS),
            ("no sign of life", self._pinged_at, Limit.KEEPALIVE_TIMEOUT_SECONDS),
            ("left, and has not heard of it", _if_idle(connection, left_at), Limit.KEEPALIVE_TIMEOUT_SECONDS),
        )
        most = {
            Limit.REQUEST_SECONDS: limits.request_seconds,
            Limit.UNSENT_SECONDS: limits.unsent_seconds,
            Limit.KEEPALIVE_TIMEOUT_SECONDS: limits.keepalive_timeout_seconds,
        }
        late = ((what, by) for what, since, by in lasting if since is not None and now - since > most[by])
        return next(late, None)

    def _ask_for_life(self, connection: Connection, now: float) -> None:
        if self._pinged_at is None and now - connection.heard_at > connection.limits.keepalive_seconds:
            self._pinged_at = now
            connection.out.append(frame(PING, 0, 0, _ALIVE))

    def _leave_if_idle(self, connection: Connection, now: float, *, busy: bool) -> None:
        highest = connection.streams.highest
        if self.called_at is None or highest != self._highest or busy:
            self.called_at, self._highest = now, highest
        if now - self.called_at > connection.limits.idle_seconds and connection.leaving.began_at is None:
            connection.counts.limits[Limit.IDLE_SECONDS] += 1
            connection.leave()


def _if_idle(connection: Connection, since: float | None) -> float | None:
    return None if connection.streams.alive else since
