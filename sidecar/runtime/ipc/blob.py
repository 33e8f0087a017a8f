"""Bytes of any length in a segment of their own, to be handed to other processes: length, then content."""

from struct import Struct

from sidecar.memory import segment
from sidecar.memory.segment import Segment
from sidecar.runtime.ipc.handles import Handle

_LENGTH = Struct("=Q")


def store(data: bytes) -> Segment:
    """Return a new segment that holds ``data``."""
    size = _LENGTH.size + len(data)
    held = segment.create(segment.pages(size), "ext-authz-trust")
    held.memory[: _LENGTH.size] = _LENGTH.pack(len(data))
    held.memory[_LENGTH.size : size] = data
    return held


def load(held: Segment) -> bytes:
    """Return what ``store`` put there; raises ``ValueError`` for a segment that is too short for what it says."""
    (length,) = _LENGTH.unpack_from(held.memory)
    if length > held.size - _LENGTH.size:
        raise ValueError(f"a segment of {held.size} bytes does not hold {length}")
    return held.memory[_LENGTH.size : _LENGTH.size + length]


def take(handle: Handle) -> bytes:
    """Return what is behind ``handle``, and let go of it: a segment that is not closed keeps its descriptor."""
    with handle.open() as held:
        return load(held)
