"""A file to which several processes append: whole lines alone, also where the disk is full.

Lines are appended (``O_APPEND``) in one write, under a lock of the kernel's (flock(2)) that no check waits for and that
ends with whoever has it. What did not fit is taken back before anybody else may write. The file is opened again once
another one has its name, as after ``logrotate``; it is looked at before a write, at most once a second.
"""

import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from sidecar.decision_log.output import Told
from sidecar.decision_log.stdout import chunks

#: Seconds between two looks at whether the name is another file's.
LOOK_SECONDS = 1.0
_MOST_BYTES = 1024 * 1024
_MODE = 0o600


class AppendedFile:
    """``path`` is made, with mode 0600, where there is none. Its folder must be there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None
        self._looked_at = 0.0

    def write(self, batch: Sequence[Told]) -> int:
        """Append lines."""
        written = 0
        for lines, count in chunks([told.line for told in batch], _MOST_BYTES):
            try:
                whole = self._append(lines)
            except OSError:
                if not written:
                    raise
                return written
            written += lines[:whole].count(b"\n")
            if whole < len(lines):
                return written
            assert lines.count(b"\n") == count  # noqa: S101 - a line has one end
        return written

    def close(self) -> None:
        """Close it; the next write opens it again."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def _append(self, lines: bytes) -> int:
        """Append as many as there is room for; return their bytes. Raises ``OSError``, mostly where that is none."""
        fd = self._opened()
        with _locked(fd):
            before = os.fstat(fd).st_size
            done = os.write(fd, lines)
            if done == len(lines):
                return done
            whole = lines.rfind(b"\n", 0, done) + 1
            os.ftruncate(fd, before + whole)
        return whole

    def _opened(self) -> int:
        now = time.monotonic()
        if self._fd is not None and now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            if self._is_another():
                self.close()
        if self._fd is None:
            self._fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
            self._looked_at = now
        return self._fd

    def _is_another(self) -> bool:
        assert self._fd is not None  # noqa: S101 - for mypy
        try:
            return not os.path.samestat(os.stat(self._path), os.fstat(self._fd))  # noqa: PTH116 - beside fstat
        except FileNotFoundError:
            return True


@contextmanager
def _locked(fd: int) -> Iterator[None]:
    # A file system without locks has whole lines all the same, unless it is full.
    with suppress(OSError):
        fcntl.flock(fd, fcntl.LOCK_EX)
    try:
        yield
    finally:
        with suppress(OSError):
            fcntl.flock(fd, fcntl.LOCK_UN)
