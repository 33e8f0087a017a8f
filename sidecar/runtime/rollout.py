"""One configuration to all servers, in two phases: each makes its Trust, and only then do they change over.

    control                          server
      PREPARE(generation, snapshot) ──>  makes a Trust, goes on under the old one
      <── PREPARED(generation, digest)
    all have: KEEP to the supervisor, for whoever starts from now on
      COMMIT(generation) ─────────────>  decides by the new one
      <── COMMITTED(generation, digest)

A server that does not answer in time, or comes to another digest than control did, is replaced: its successor starts
with the new snapshot. So nobody is left who has not changed over, and nobody who answers waits for long for one that
does not.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from sidecar.memory.segment import Segment
from sidecar.runtime.channel import Channel, Kind, Message

#: Seconds that servers get to make a Trust, and again to change over.
PREPARE_SECONDS = 10.0
COMMIT_SECONDS = 2.0

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Participant:
    """A server as control sees it: its index on the scoreboard, its channel, and what it said last."""

    index: int
    name: str
    channel: Channel
    answers: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)


class Rollout:
    """Brings a snapshot to all ``participants``. One at a time; in control's event loop."""

    def __init__(self, participants: Sequence[Participant], supervisor: Channel) -> None:
        self._participants = participants
        self._supervisor = supervisor
        self._generation = 0
        self._desired: tuple[Segment, bytes] | None = None

    def begin(self, held: Segment, digest: bytes, generation: int) -> None:
        """Take this for what is in force already, as it is when control starts."""
        self._desired, self._generation = (held, digest), generation

    async def apply(self, held: Segment, digest: bytes) -> None:
        """Have every server change over to the snapshot in ``held``, whose Trust has ``digest``.

        ``held`` is the rollout's from then on: it is closed when another one takes its place, or at once on an error.
        """
        self._generation += 1
        generation = self._generation
        try:
            prepared = await asyncio.gather(*(self._prepare(one, held, digest) for one in self._participants))
        except BaseException:
            held.close()
            raise
        # Before anybody changes over: who starts from now on must not start with the old one.
        if self._desired is not None:
            self._desired[0].close()
        self._desired = (held, digest)
        self._supervisor.send(Message(Kind.KEEP, generation, descriptors=(held.fileno(),)))
        ready = [one for one, is_ready in zip(self._participants, prepared, strict=True) if is_ready]
        committed = await asyncio.gather(*(self._commit(one, generation, digest) for one in ready))
        done = [one for one, is_done in zip(ready, committed, strict=True) if is_done]
        for one in self._participants:
            if one not in done:
                self.replace(one)

    async def reconcile(self, one: Participant, message: Message) -> None:
        """Bring a server that said HELLO up to date, should it have started with what is no longer in force."""
        if self._desired is None or message.digest == self._desired[1]:
            return
        held, digest = self._desired
        if not (await self._prepare(one, held, digest) and await self._commit(one, self._generation, digest)):
            self.replace(one)

    def replace(self, one: Participant) -> None:
        """Have the supervisor put another process into its place."""
        _log.warning("%s did not change over to the new configuration in time, and is replaced", one.name)
        self._supervisor.send(Message(Kind.REPLACE, one.index))

    async def _prepare(self, one: Participant, held: Segment, digest: bytes) -> bool:
        one.channel.send(Message(Kind.PREPARE, self._generation, descriptors=(held.fileno(),)))
        return await self._answered(one, Kind.PREPARED, digest, PREPARE_SECONDS)

    async def _commit(self, one: Participant, generation: int, digest: bytes) -> bool:
        one.channel.send(Message(Kind.COMMIT, generation))
        return await self._answered(one, Kind.COMMITTED, digest, COMMIT_SECONDS)

    async def _answered(self, one: Participant, kind: Kind, digest: bytes, seconds: float) -> bool:
        generation = self._generation
        try:
            async with asyncio.timeout(seconds):
                while True:
                    message = await one.answers.get()
                    if message.generation != generation:
                        continue
                    if message.kind is Kind.REFUSED:
                        _log.error("%s refused the configuration: %s", one.name, message.text)
                        return False
                    if message.kind is kind:
                        return message.digest == digest
        except TimeoutError:
            return False
