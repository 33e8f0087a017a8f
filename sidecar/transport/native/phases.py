"""The phases of a connection, and which frames each takes (RFC 9113, sections 3.4, 4.3 and 6.10): a table."""

from enum import Enum, auto
from typing import Final

from sidecar.transport.native import frames
from sidecar.transport.native.errors import ErrorCode, H2ConnectionError


class Phase(Enum):
    """What the connection is waiting for."""

    PREFACE = auto()
    SETTINGS = auto()  #: the peer's first
    OPEN = auto()  #: anything
    HEADER_BLOCK = auto()  #: the rest of a header block, and nothing else
    CLOSED = auto()  #: nothing


#: Symbols beside the frame types: HEADERS or CONTINUATION without END_HEADERS, acknowledged SETTINGS, and kinds that
#: the RFC does not know.
_PART: Final = 0x100
_ACKNOWLEDGED: Final = 0x200
_UNKNOWN: Final = 0x400

_TABLE: dict[Phase, dict[int, Phase]] = {
    Phase.SETTINGS: {frames.SETTINGS: Phase.OPEN},
    Phase.OPEN: {
        frames.DATA: Phase.OPEN,
        frames.HEADERS: Phase.OPEN,
        frames.HEADERS | _PART: Phase.HEADER_BLOCK,
        frames.PRIORITY: Phase.OPEN,
        frames.RST_STREAM: Phase.OPEN,
        frames.SETTINGS: Phase.OPEN,
        frames.SETTINGS | _ACKNOWLEDGED: Phase.OPEN,
        frames.PING: Phase.OPEN,
        frames.GOAWAY: Phase.OPEN,
        frames.WINDOW_UPDATE: Phase.OPEN,
        _UNKNOWN: Phase.OPEN,
    },
    Phase.HEADER_BLOCK: {
        frames.CONTINUATION: Phase.OPEN,
        frames.CONTINUATION | _PART: Phase.HEADER_BLOCK,
    },
}


def next_phase(phase: Phase, kind: int, flags: int) -> Phase:
    """Return the phase after a frame; raises ``H2ConnectionError`` where the frame has no place."""
    found = _TABLE[phase].get(_symbol(kind, flags))
    if found is None:
        raise H2ConnectionError(ErrorCode.PROTOCOL_ERROR, f"a frame of type {kind} in phase {phase.name}")
    return found


def _symbol(kind: int, flags: int) -> int:
    if kind in (frames.HEADERS, frames.CONTINUATION) and not flags & frames.END_HEADERS:
        return kind | _PART
    if kind == frames.SETTINGS and flags & frames.ACK:
        return kind | _ACKNOWLEDGED
    return kind if kind <= frames.CONTINUATION else _UNKNOWN
