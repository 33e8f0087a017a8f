"""What a key server may do wrong; each answers in the place of the provider."""

import asyncio
import gzip

from support.provider import Conversation, Fault, response

MEBIBYTE = 1 << 20


def answers(body: bytes, status: str = "200 OK", **headers: str) -> Fault:
    """Return one that says this instead."""

    async def fault(talk: Conversation) -> None:
        talk.writer.write(response(body, status, {name.replace("_", "-"): value for name, value in headers.items()}))

    return fault


async def stall(talk: Conversation) -> None:
    """Say nothing until the client goes away."""
    while not talk.writer.is_closing():  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.01)


async def drip(talk: Conversation) -> None:
    """Send the good answer, a byte at a time, for ever."""
    talk.writer.write(talk.good[:-1])
    while not talk.writer.is_closing():
        await talk.writer.drain()
        await asyncio.sleep(0.01)


async def truncate(talk: Conversation) -> None:
    """Break off in the middle of the body."""
    talk.writer.write(talk.good[:-20])


async def hang_up(talk: Conversation) -> None:
    """Break off at once."""
    talk.writer.transport.abort()


async def huge_chunked(talk: Conversation) -> None:
    """Send 50 MB without saying so first."""
    talk.writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    for _ in range(50):
        talk.writer.write(b"%x\r\n%b\r\n" % (MEBIBYTE, b" " * MEBIBYTE))
        await talk.writer.drain()


async def huge_headers(talk: Conversation) -> None:
    """Send headers without an end."""
    talk.writer.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(10_000):
        if talk.writer.is_closing():
            return
        talk.writer.write(b"x-%d: %b\r\n" % (number, b"x" * 1000))
        await talk.writer.drain()


#: 50 MB, compressed, whatever the client said it takes.
gzip_bomb = answers(gzip.compress(b" " * 50 * MEBIBYTE), content_encoding="gzip")
huge_announced = answers(b"{}", content_length=str(50 * MEBIBYTE))


def redirect(to: str) -> Fault:
    """Return one that sends the client elsewhere."""
    return answers(b"", "302 Found", location=to)
