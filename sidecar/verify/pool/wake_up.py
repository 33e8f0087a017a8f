"""Waking up a process that waits on a descriptor: an eventfd on Linux (eventfd(2)), a pipe elsewhere.

    create() ── reader, writer ──> fork, Popen(pass_fds=…) ──> attach(reader, writer)

One for each process that is to be woken up, made by the supervisor for its life: whoever takes the place of a process
that was killed finds the wake-ups that it missed. Several wake-ups before it looks are one.
"""

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

#: Adds 1 to an eventfd, for which it must be eight bytes; to a pipe it is a few bytes like any others.
_ONE = (1).to_bytes(8, sys.byteorder)


@dataclass(frozen=True, slots=True)
class WakeUp:
    """Both descriptors, of which an eventfd's are the same. Neither reading nor writing ever waits."""

    reader: int
    writer: int

    def wake(self) -> None:
        """Have ``reader`` become readable. Nothing happens where it already is, or where nobody is left to read."""
        with suppress(BlockingIOError, BrokenPipeError):
            os.write(self.writer, _ONE)

    def drain(self) -> None:
        """Take all wake-ups there are. To be done before looking for work, so that one that comes then is not lost."""
        with suppress(BlockingIOError):
            os.read(self.reader, 65536)

    def fileno(self) -> int:
        """Return what to wait on."""
        return self.reader

    def close(self) -> None:
        """Close both."""
        for fd in {self.reader, self.writer}:
            os.close(fd)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()


def create() -> WakeUp:
    """Make one, of the kind that the system has. Raises ``OSError`` where it refuses."""
    return _eventfd() if sys.platform == "linux" else _pipe()


def attach(reader: int, writer: int) -> WakeUp:
    """Take over descriptors that another process handed to this one; they are not handed on any further."""
    for fd in (reader, writer):
        os.set_inheritable(fd, False)  # noqa: FBT003 - positional only; Popen(pass_fds=…) made it inheritable
    return WakeUp(reader, writer)


def _eventfd() -> WakeUp:
    fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
    return WakeUp(fd, fd)


def _pipe() -> WakeUp:
    reader, writer = os.pipe()  # not inheritable
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    return WakeUp(reader, writer)
