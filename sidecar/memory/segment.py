"""Shared memory without a name: whoever holds its file descriptor shares it, and with the last holder it is gone.

    create(budget) ── fileno() ──> fork, Popen(pass_fds=…), multiprocessing.reduction.DupFd, socket.send_fds
                                     └──> attach(fd) in the other process

On Linux it is a memfd (memfd_create(2)), sealed: nobody can shrink it under a process that has it mapped, which would
be a SIGBUS there. Elsewhere it is a file that is unlinked at once. Either way nothing can be left behind in /dev/shm,
and there is nothing for multiprocessing's resource tracker to clean up or to warn of.
"""

import errno
import fcntl
import mmap
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

#: Never executable, and sealed so (Linux 6.3); where ``vm.memfd_noexec`` is 2 no other memfd can be made.
_MFD_NOEXEC_SEAL = 0x0008


@dataclass(frozen=True, slots=True)
class Segment:
    """A mapping that is shared, ``MAP_SHARED``, by all who hold its descriptor; zeros at first.

    ``memory`` is as large as the segment. Pages become resident when they are first touched, by the process and on the
    NUMA node that touches them, reads included: count on the whole budget.
    """

    memory: mmap.mmap = field(repr=False)
    _fd: int

    @property
    def size(self) -> int:
        """Return its size in bytes, a multiple of the page."""
        return len(self.memory)

    def fileno(self) -> int:
        """Return the descriptor to hand to another process; it stays this segment's own, and is not inheritable."""
        return self._fd

    def extents(self) -> Iterator[tuple[int, int]]:
        """Give beginning and end of each part that has pages: the others are zeros, and stay so as long as untouched.

        By ``lseek`` (SEEK_DATA), which memfds have; elsewhere it is all one part.
        """
        end = 0
        try:
            while True:
                start = os.lseek(self._fd, end, os.SEEK_DATA)
                end = os.lseek(self._fd, start, os.SEEK_HOLE)
                yield start, end
        except OSError as error:
            if error.errno != errno.ENXIO:  # no more data
                yield 0, self.size

    def close(self) -> None:
        """Unmap it and close the descriptor. May be called twice; using ``memory`` afterwards is a ``ValueError``."""
        if not self.memory.closed:
            self.memory.close()
            os.close(self._fd)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()


def pages(size: int) -> int:
    """Return ``size`` rounded up to whole pages: a budget for at least so many bytes."""
    return -(-size // mmap.PAGESIZE) * mmap.PAGESIZE


def create(budget: int, name: str = "ext-authz") -> Segment:
    """Make a segment of at most ``budget`` bytes, in whole pages; mode 0600, and not inherited by other programs.

    ``name`` is for whoever reads ``/proc/<pid>/maps``; two segments may have the same. Raises ``ValueError`` for less
    than a page, ``OSError`` where the system refuses.
    """
    size = budget - budget % mmap.PAGESIZE
    if size <= 0:
        raise ValueError(f"a segment of {budget} bytes: it must be a page, {mmap.PAGESIZE} bytes, at least")
    fd = _memfd(name, size) if sys.platform == "linux" else _unlinked_file(name, size)
    return _mapped(fd)


def attach(fd: int) -> Segment:
    """Map the segment whose descriptor another process handed to this one. ``fd`` is this segment's from then on.

    Raises ``ValueError`` for what is no sealed segment, which is closed then, and ``OSError`` for what is not open.
    """
    if sys.platform == "linux" and not _is_sealed(fd):
        os.close(fd)
        raise ValueError(f"descriptor {fd} is no sealed segment")
    os.set_inheritable(fd, False)  # noqa: FBT003 - positional only; Popen(pass_fds=…) made it inheritable
    return _mapped(fd)


def _mapped(fd: int) -> Segment:
    try:
        memory = mmap.mmap(fd, os.fstat(fd).st_size)
    except BaseException:
        os.close(fd)
        raise
    if hasattr(mmap, "MADV_DONTDUMP"):
        memory.madvise(mmap.MADV_DONTDUMP)  # identities do not belong in core dumps
    return Segment(memory, fd)


def _memfd(name: str, size: int) -> int:
    fd = _memfd_create(name)
    try:
        os.fchmod(fd, 0o600)
        os.ftruncate(fd, size)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _memfd_create(name: str) -> int:
    flags = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
    try:
        return os.memfd_create(name, flags | _MFD_NOEXEC_SEAL)
    except OSError as error:
        if error.errno != errno.EINVAL:  # an older kernel does not know the flag
            raise
        return os.memfd_create(name, flags)


def _is_sealed(fd: int) -> bool:
    try:
        seals = fcntl.fcntl(fd, fcntl.F_GET_SEALS)
    except OSError as error:
        if error.errno == errno.EINVAL:  # no memfd at all
            return False
        raise
    wanted = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
    return seals & wanted == wanted


def _unlinked_file(name: str, size: int) -> int:
    fd, path = tempfile.mkstemp(prefix=name)  # 0600, not inheritable
    try:
        os.unlink(path)  # noqa: PTH108 - nothing else here needs pathlib
        os.ftruncate(fd, size)
    except BaseException:
        os.close(fd)
        raise
    return fd
