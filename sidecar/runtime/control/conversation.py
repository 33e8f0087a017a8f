"""One question to one server, and its answers: what is believed of what comes out of its channel.

A channel outlives the processes at its ends, and so may an answer whoever gave it.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from sidecar.memory.segment import Segment
from sidecar.runtime.ipc.channel import Channel, Kind, Message

#: Seconds that a server gets to make a Trust, and again to change over.
PREPARE_SECONDS = 10.0
COMMIT_SECONDS = 2.0
#: Answers that are kept while nobody asks.
_UNASKED = 16

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Participant:
    """A server as control sees it. ``incarnation`` says which one is there now, by the scoreboard; 0 is unknown."""

    index: int  #: on the scoreboard
    name: str
    channel: Channel
    incarnation: Callable[[], int]
    answers: "asyncio.Queue[Message]" = field(default_factory=lambda: asyncio.Queue(_UNASKED))

    def hear(self, message: Message) -> None:
        """Take in a message. The oldest is forgotten where nobody asked for so many."""
        if self.answers.full():
            self.answers.get_nowait()
        self.answers.put_nowait(message)

    def forget(self) -> None:
        """Forget what was said before."""
        while not self.answers.empty():
            self.answers.get_nowait()


class Conversation:
    """Has ``one`` prepare a snapshot and change over to it.

    INVARIANT: an answer is believed only if it is on this very question (its generation is random, and never comes
    again, whoever in the place of control drew it), and of the incarnation that was asked: of a predecessor's answer
    nothing follows for whoever serves now.
    """

    def __init__(self, one: Participant, at_least: int = 0) -> None:
        self.one = one
        # Whoever spoke already is there, though the board may not say so yet.
        self.incarnation = max(
            one.incarnation(), at_least
        )  #: whom it is with; where that is unknown, whoever answers first
        self.is_ready = False  #: whether it prepared
        self.successor: Message | None = None  #: what another one said that took its place
        self._generation = secrets.randbits(63)
        one.forget()

    async def prepare(self, held: Segment, digest: bytes) -> bool:
        """Have it make a Trust of the snapshot in ``held``; say whether it has one with ``digest``."""
        self.one.channel.send(Message(Kind.PREPARE, self._generation, descriptors=(held.fileno(),)))
        self.is_ready = await self._answered(Kind.PREPARED, digest, PREPARE_SECONDS)
        return self.is_ready

    async def commit(self, digest: bytes) -> bool:
        """Have it decide by what it prepared; say whether it does, under a Trust with ``digest``."""
        self.one.channel.send(Message(Kind.COMMIT, self._generation))
        return await self._answered(Kind.COMMITTED, digest, COMMIT_SECONDS)

    async def _answered(self, kind: Kind, digest: bytes, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                while True:
                    message = await self.one.answers.get()
                    if message.kind is Kind.HELLO and message.incarnation > self.incarnation > 0:
                        self.successor = message
                        return False
                    if not self._is_answer(message):
                        continue
                    if message.kind is Kind.REFUSED:
                        _log.error("%s refused the configuration: %s", self.one.name, message.text)
                        return False
                    if message.kind is kind:
                        return message.digest == digest
        except TimeoutError:
            return False

    def _is_answer(self, message: Message) -> bool:
        if message.generation != self._generation:
            return False
        self.incarnation = self.incarnation or message.incarnation
        return message.incarnation == self.incarnation
