"""Standard output, which all processes of a sidecar share: whole lines, never one within another."""

import os
import select
import stat
from collections.abc import Iterator, Sequence

from sidecar.decision_log.line import MOST_BYTES
from sidecar.decision_log.output import Told

#: Bytes of one write into a file, which takes any number as a whole.
_FILE_BYTES = 256 * 1024


class StandardOutput:
    """``fd`` is 1, or a test's. Into a pipe goes what it takes as a whole (PIPE_BUF), some ten lines at a time."""

    def __init__(self, fd: int = 1) -> None:
        self._fd = fd
        self._most = _FILE_BYTES if stat.S_ISREG(os.fstat(fd).st_mode) else MOST_BYTES

    def write(self, batch: Sequence[Told]) -> int:
        """Write lines, each whole."""
        written = 0
        for lines, count in chunks([told.line for told in batch], self._most):
            try:
                self._write(lines)
            except OSError:
                if not written:
                    raise
                break
            written += count
        return written

    def close(self) -> None:
        """Leave it open: it is not ours."""

    def _write(self, data: bytes) -> None:
        while data:
            try:
                data = data[os.write(self._fd, data) :]
            except BlockingIOError:
                # Somebody else who has it made it so. Here nobody waits for us.
                select.select([], [self._fd], [])


def chunks(lines: Sequence[bytes], most: int) -> Iterator[tuple[bytes, int]]:
    """Give them joined, in at most ``most`` bytes each, or one line; and how many lines that are."""
    size, chunk = 0, list[bytes]()
    for line in lines:
        if chunk and size + len(line) > most:
            yield b"".join(chunk), len(chunk)
            size, chunk = 0, []
        chunk.append(line)
        size += len(line)
    if chunk:
        yield b"".join(chunk), len(chunk)
