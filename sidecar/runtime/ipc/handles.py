"""Descriptors on their way into a child, however it is started."""

from multiprocessing import reduction
from typing import Protocol

from sidecar.memory import segment
from sidecar.memory.segment import Segment


class _Duplicate(Protocol):
    def detach(self) -> int:
        """Return the descriptor in this process."""


class Handle:
    """A descriptor that a child is given.

    Under fork it is simply there. Under spawn and forkserver multiprocessing hands it over when the handle is pickled
    (which it is for that alone: what is behind the descriptor never is).
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __reduce__(self) -> tuple[object, tuple[object]]:
        """Go along with the child."""
        return _arrive, (reduction.DupFd(self.fd),)

    def open(self) -> Segment:
        """Map the segment behind it; the descriptor is the segment's from then on."""
        return segment.attach(self.fd)


def _arrive(duplicate: _Duplicate) -> Handle:
    return Handle(duplicate.detach())
