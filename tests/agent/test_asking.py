"""What the agent's desk takes of a tenant's answer: all of it and in time, or nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from sidecar.runtime.agent import asking
from sidecar.runtime.agent.asking import ask

_Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


def _says(text: str) -> _Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(text.encode())

    return answer


async def _trickles(writer: asyncio.StreamWriter) -> None:
    """Say a little again and again, each time sooner than any time-out of a single read; never all of it."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.01)


async def _floods(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def _asked(folder: Path, answer: _Answer) -> tuple[str | None, bytes]:
    """Return what is made of an answer, and what was asked."""
    heard = b""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heard
        with suppress(ConnectionError):
            heard = await reader.readuntil(b"\r\n\r\n")
            await answer(writer)
        writer.close()

    server = await asyncio.start_unix_server(serve, folder / "probe.sock")
    async with server:
        return await ask(folder / "probe.sock", "/readyz"), heard


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n", "ok\n"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nok\n\r\n0\r\n\r\n", "ok\n"),
        ("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 3\r\n\r\nno\n", None),
        ("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nhalf of it", None),
        ("", None),
        ("nonsense\r\n\r\n", None),
    ],
)
def test_answers(tmp_path: Path, said: str, taken: str | None) -> None:
    """A whole answer with 200 is one, and nothing else."""
    found, heard = asyncio.run(_asked(tmp_path, _says(said)))
    assert found == taken
    assert heard.startswith(b"GET /readyz HTTP/1.1\r\n")


def test_nobody_there(tmp_path: Path) -> None:
    """There is no such socket."""
    assert asyncio.run(ask(tmp_path / "probe.sock", "/readyz")) is None


def test_one_that_says_a_little_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has a time for all of its answer: no tenant keeps the desk, and with it all others, waiting for ever."""
    monkeypatch.setattr(asking, "ASK_SECONDS", 0.2)
    assert asyncio.run(_asked(tmp_path, _trickles))[0] is None


def test_one_that_says_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even a part of it is taken: where a line ends early its number is another one."""
    monkeypatch.setattr(asking, "MOST_BYTES", 1 << 20)
    assert asyncio.run(_asked(tmp_path, _floods))[0] is None
