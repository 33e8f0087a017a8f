"""The life of a stream, as the server sees it (RFC 9113, section 5.1): a table, and the streams that are alive.

```
                 IDLE ──HEADERS──> OPEN ──END_STREAM──> HALF_CLOSED_REMOTE
                                    │                          │
                        we end it   │                          │ we end it
                                    v                          v
             RESET <── we reset ── HALF_CLOSED_LOCAL         CLOSED <── RST_STREAM from anywhere
```
RESET is CLOSED by our RST_STREAM: what the peer sent before it heard of that is no fault of its own. SKIPPED is CLOSED
without ever having been used (section 5.1.1).
"""

from dataclasses import dataclass, field
from enum import Enum, auto

from sidecar.transport.native.errors import ErrorCode, H2ConnectionError, H2StreamError

#: Streams that we reset, of which frames may still come. The oldest are forgotten, and are CLOSED from then on.
_REMEMBERED = 4096
#: Gaps in the numbering. Clients that leave any are rare; in a gap that is forgotten, streams are CLOSED.
_GAPS = 16


class State(Enum):
    """Where a stream is in its life."""

    IDLE = auto()
    OPEN = auto()
    HALF_CLOSED_REMOTE = auto()  #: the peer has ended the request
    HALF_CLOSED_LOCAL = auto()  #: we have ended the answer
    CLOSED = auto()
    RESET = auto()
    SKIPPED = auto()


class On(Enum):
    """What happens to a stream."""

    HEADERS = auto()
    HEADERS_END = auto()  #: with END_STREAM: a request without a body, or trailers
    DATA = auto()
    DATA_END = auto()
    RST_STREAM = auto()
    WINDOW_UPDATE = auto()
    SEND_END = auto()
    SEND_RST = auto()


@dataclass(frozen=True, slots=True)
class _Fault:
    code: ErrorCode
    whole_connection: bool


_IDLE = _Fault(ErrorCode.PROTOCOL_ERROR, whole_connection=True)
_MALFORMED = _Fault(ErrorCode.PROTOCOL_ERROR, whole_connection=False)
_ENDED = _Fault(ErrorCode.STREAM_CLOSED, whole_connection=False)
_CLOSED = _Fault(ErrorCode.STREAM_CLOSED, whole_connection=True)

#: What each state makes of what happens: the next state, or a fault of the peer's.
TABLE: dict[State, dict[On, State | _Fault]] = {
    State.IDLE: {
        On.HEADERS: State.OPEN,
        On.HEADERS_END: State.HALF_CLOSED_REMOTE,
        On.DATA: _IDLE,
        On.DATA_END: _IDLE,
        On.RST_STREAM: _IDLE,
        On.WINDOW_UPDATE: _IDLE,
    },
    State.OPEN: {
        On.HEADERS: _MALFORMED,  # trailers that do not end the request (section 8.1)
        On.HEADERS_END: State.HALF_CLOSED_REMOTE,
        On.DATA: State.OPEN,
        On.DATA_END: State.HALF_CLOSED_REMOTE,
        On.RST_STREAM: State.CLOSED,
        On.WINDOW_UPDATE: State.OPEN,
        On.SEND_END: State.HALF_CLOSED_LOCAL,
        On.SEND_RST: State.RESET,
    },
    State.HALF_CLOSED_REMOTE: {
        On.HEADERS: _ENDED,
        On.HEADERS_END: _ENDED,
        On.DATA: _ENDED,
        On.DATA_END: _ENDED,
        On.RST_STREAM: State.CLOSED,
        On.WINDOW_UPDATE: State.HALF_CLOSED_REMOTE,
        On.SEND_END: State.CLOSED,
        On.SEND_RST: State.RESET,
    },
    State.HALF_CLOSED_LOCAL: {On.SEND_RST: State.RESET},  # at once: see ``Connection.finish``
    State.CLOSED: {
        On.HEADERS: _CLOSED,
        On.HEADERS_END: _CLOSED,
        On.DATA: _CLOSED,
        On.DATA_END: _CLOSED,
        On.RST_STREAM: State.CLOSED,
        On.WINDOW_UPDATE: State.CLOSED,
    },
    State.RESET: dict.fromkeys(On, State.RESET),
    State.SKIPPED: {
        On.HEADERS: _IDLE,
        On.HEADERS_END: _IDLE,
        On.DATA: _IDLE,
        On.DATA_END: _IDLE,
        On.RST_STREAM: State.SKIPPED,
        On.WINDOW_UPDATE: State.SKIPPED,
    },
}


@dataclass(slots=True, eq=False)
class Stream:
    """A stream that is alive. Sizes in bytes."""

    id: int
    state: State
    receive_window: int
    send_window: int
    body_left: int | None = None  #: what content-length says is still to come
    held: int = 0  #: of its request
    unsent: bytearray = field(default_factory=bytearray)  #: DATA that waits for a window
    trailers: bytes | None = None  #: the frame that ends the answer, once there is one
    unsent_since: float = 0.0


class Streams:
    """The streams of one connection. Those that are closed take no memory, but a number each for a while."""

    __slots__ = ("_resets", "_skipped", "alive", "highest")

    def __init__(self) -> None:
        self.alive: dict[int, Stream] = {}
        #: The last one that the peer has opened. They are odd: so this is what comes before 1.
        self.highest = -1
        self._resets: dict[int, None] = {}
        self._skipped: list[tuple[int, int]] = []

    def state(self, stream_id: int) -> State:
        """Return a stream's state."""
        stream = self.alive.get(stream_id)
        if stream is not None:
            return stream.state
        if stream_id > self.highest or not stream_id % 2:
            return State.IDLE  # and an even one for ever: we open none
        if stream_id in self._resets:
            return State.RESET
        if any(low <= stream_id <= high for low, high in self._skipped):
            return State.SKIPPED
        return State.CLOSED

    def next_state(self, stream_id: int, what: On) -> State:
        """Look up what happens; raises ``H2ConnectionError`` or ``H2StreamError`` where it must not."""
        state = self.state(stream_id)
        found = TABLE[state][what]
        if isinstance(found, State):
            return found
        text = f"{what.name} on stream {stream_id}, which is {state.name}"
        if found.whole_connection:
            raise H2ConnectionError(found.code, text)
        raise H2StreamError(stream_id, found.code, text)

    def used(self, stream_id: int) -> None:
        """Note that the peer has used a new stream: those below it that it has not will never be."""
        if stream_id > self.highest + 2:
            self._skipped.append((self.highest + 2, stream_id - 2))
            del self._skipped[:-_GAPS]
        self.highest = stream_id

    def remember_reset(self, stream_id: int) -> None:
        """Note that we have reset a stream."""
        self._resets[stream_id] = None
        if len(self._resets) > _REMEMBERED:
            del self._resets[next(iter(self._resets))]
