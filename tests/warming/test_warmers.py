"""Tokens are handed to servers bit by bit, and each is counted once, whatever becomes of a server."""

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from sidecar.runtime.control import warmers
from sidecar.runtime.control.conversation import Participant
from sidecar.runtime.control.warmers import AT_ONCE, UNANSWERED, Warmers
from sidecar.runtime.ipc.blob import take
from sidecar.runtime.ipc.channel import Channel, Kind, Message
from sidecar.runtime.ipc.handles import Handle

_TOKENS = [f"token-{number}" for number in range(2 * AT_ONCE + 500)]


@contextmanager
def _channels() -> Iterator[tuple[Channel, Channel]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        yield Channel(ours), Channel(theirs)


def _warm(answers: Callable[[int], bool]) -> tuple[dict[str, int], list[list[str]]]:
    """Have a server given the tokens, which answers those questions that it is to; return counts and questions."""
    asked: list[list[str]] = []

    async def main() -> dict[str, int]:
        with _channels() as (control, server):
            made = Warmers([Participant(0, "server-0", control, lambda: 1)])

            async def serve() -> None:
                while True:
                    message = server.receive()
                    if message is None:
                        await asyncio.sleep(0.001)
                        continue
                    tokens = json.loads(take(Handle(message.descriptors[0])))
                    asked.append(tokens)
                    if answers(len(asked)):
                        text = json.dumps({"warmed": len(tokens)})
                        made.hear(Message(Kind.WARMED, message.generation, text=text))

            serving = asyncio.create_task(serve())
            counts = dict(await made.warm(_TOKENS))
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            return counts

    return asyncio.run(main()), asked


def test_bit_by_bit() -> None:
    """No question has more tokens than a server reads between two checks, and all are asked about once, in order."""
    counts, asked = _warm(lambda _: True)
    assert counts == {"warmed": len(_TOKENS)}
    assert [len(tokens) for tokens in asked] == [AT_ONCE, AT_ONCE, 500]
    assert [token for tokens in asked for token in tokens] == _TOKENS


def test_a_server_that_falls_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it does not answer for is counted as that, and it is given no more."""
    monkeypatch.setattr(warmers, "PATIENCE", 0.5)
    counts, asked = _warm(lambda number: number == 1)
    assert counts == {"warmed": AT_ONCE, UNANSWERED: AT_ONCE + 500}
    assert len(asked) == 2
