"""Asking a tenant for a page of its own, at its Unix socket: HTTP, bounded as a whole."""

import asyncio
import http.client
import io
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

#: Seconds that a tenant gets, from connecting to the last byte of its answer; and bytes of that, its head included.
ASK_SECONDS: Final = 3.0
MOST_BYTES: Final = 8 * 1024 * 1024
_OK: Final = 200


async def ask(path: Path, target: str) -> str | None:
    """Return what stands at ``target``; ``None`` where that is nothing in time, too much, or not 200.

    INVARIANT: it ends within ``ASK_SECONDS``, however slowly the other side writes: it keeps nobody else waiting.
    """
    try:
        async with asyncio.timeout(ASK_SECONDS):
            return _body(await _answer(path, target))
    except (OSError, http.client.HTTPException):  # TimeoutError is an OSError
        return None


async def _answer(path: Path, target: str) -> bytes:
    """Return all that is said until the other side has ended; raises ``OSError``."""
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        writer.write(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode("ascii"))
        said = bytearray()
        while data := await reader.read(64 * 1024):
            said += data
            if len(said) > MOST_BYTES:
                raise OSError("says too much")
        return bytes(said)
    finally:
        writer.transport.abort()


@dataclass(frozen=True, slots=True)
class _Said:
    """What was said, in the place of a socket: of that ``HTTPResponse`` wants nothing but its file."""

    said: bytes

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self.said)


def _body(said: bytes) -> str | None:
    """Read an answer (RFC 9112); raises ``HTTPException`` for what is none, or is not whole."""
    answer = http.client.HTTPResponse(cast("socket.socket", _Said(said)))
    answer.begin()
    body = answer.read()
    return body.decode("utf-8", "replace") if answer.status == _OK else None
