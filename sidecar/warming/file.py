"""Files that are ours alone: mode 0600, no link, and written as a whole or not at all."""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_OTHERS = 0o077


class PrivateFileError(OSError):
    """A file that is not read, since others may have had a hand in it. The text says why and what to do."""


def read_private(file: Path, most: int) -> bytes:
    """Return what is in ``file``, ``most`` bytes at the most; raises ``OSError`` and ``PrivateFileError``."""
    # Not to wait for a pipe that somebody has put there.
    fd = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(fd, "rb") as content:  # noqa: PTH123 - a descriptor
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise PrivateFileError(f"{file}: no regular file")
        if found.st_mode & _OTHERS:
            mode = found.st_mode & 0o777
            raise PrivateFileError(f"{file}: has mode {mode:04o}, so that others may have changed it; chmod 600 it")
        if found.st_uid not in (os.geteuid(), 0):
            raise PrivateFileError(f"{file}: is another user's; it must be the sidecar's own, or root's")
        if found.st_size > most:
            raise PrivateFileError(f"{file}: {found.st_size} bytes, at most {most}")
        return content.read(most)


def write_private(file: Path, parts: Iterable[bytes]) -> None:
    """Put ``parts``, one behind the other, in the place of what is in ``file``.

    Raises ``OSError``, and what ``parts`` raises; then the old one is there still.
    """
    new = file.with_name(f".{file.name}.new")
    with suppress(FileNotFoundError):
        new.unlink()  # of one that was killed
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with open(fd, "wb") as content:  # noqa: PTH123 - a descriptor
            content.writelines(parts)
            content.flush()
            os.fsync(fd)
        new.replace(file)
    except BaseException:
        with suppress(FileNotFoundError):
            new.unlink()
        raise
