"""Opening files of keys and secrets: regular ones alone, so that no start waits for a pipe that nobody writes to."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

_NO_FILE = "no regular file, but a pipe, a device or the like; give a file"


def open_regular(path: Path) -> BinaryIO:
    """Open ``path``, or what a link there leads to, for reading; raises ``OSError``, of what is no file too.

    Raises ``ValueError`` for what is no file name.
    """
    return open(path, "rb", opener=_open)


def read_regular(path: Path) -> bytes:
    """Return all that is in ``path``; raises as ``open_regular`` does."""
    with open_regular(path) as file:
        return file.read()


def must_be_regular(path: Path) -> None:
    """Raise what ``open_regular`` raises, for whom a library is to open ``path``: OpenSSL would wait for a pipe."""
    open_regular(path).close()


def _open(path: str, flags: int) -> int:
    # Opening a pipe to read waits for a writer, unless it is told not to. To a regular file this means nothing.
    fd = os.open(path, flags | os.O_NONBLOCK)
    mode = os.fstat(fd).st_mode
    if not stat.S_ISREG(mode):
        os.close(fd)
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        raise OSError(errno.EINVAL, _NO_FILE, path)
    return fd
