"""One configuration to all servers, in two phases: each makes its Trust, and only then do they change over.

    control                          server
      PREPARE(generation, snapshot) ──>  makes a Trust, goes on under the old one
      <── PREPARED(generation, digest)
    all have: KEEP to the supervisor, for whoever starts from now on
      COMMIT(generation) ─────────────>  decides by the new one
      <── COMMITTED(generation, digest)

A server that does not answer in time, or comes to another digest than control did, is replaced: its successor starts
with the new snapshot. So nobody is left who has not changed over, and nobody who answers waits for long for one that
does not. ``conversation.py`` says which answers are believed.
"""

import asyncio
import logging
from collections.abc import Sequence

from sidecar.memory.segment import Segment
from sidecar.runtime.control.conversation import Conversation, Participant
from sidecar.runtime.ipc.channel import Channel, Kind, Message

#: How often, and after how many seconds, the supervisor is told again what its socket did not take.
TELLS, TELL_AGAIN_SECONDS = 40, 0.05

_log = logging.getLogger(__name__)


class SupervisorError(RuntimeError):
    """The supervisor takes no messages: what depends on it has not been done, and has to be tried again."""


class Rollout:
    """Brings a snapshot to all ``participants``. One at a time; in control's event loop."""

    def __init__(self, participants: Sequence[Participant], supervisor: Channel) -> None:
        self._participants = participants
        self._supervisor = supervisor
        self._desired: tuple[Segment, bytes] | None = None

    def begin(self, held: Segment, digest: bytes) -> None:
        """Take this for what is in force already, as it is when control starts."""
        self._desired = held, digest

    async def apply(self, held: Segment, digest: bytes) -> None:
        """Have every server change over to the snapshot in ``held``, whose Trust has ``digest``.

        ``held`` is the rollout's from then on: it is closed when another one takes its place, or at once on an error.
        Raises ``SupervisorError``: before anybody has changed over, or since one that has not cannot be replaced.

        Where they decide by such a Trust already, only whoever starts later is given the new snapshot: it says more of
        when its keys were confirmed.
        """
        if self._desired is not None and self._desired[1] == digest:
            await self._keep(held, digest)
            return
        talks = [Conversation(one) for one in self._participants]
        try:
            prepared = await asyncio.gather(*(talk.prepare(held, digest) for talk in talks))
        except BaseException:
            held.close()
            raise
        # Before anybody changes over: who starts from now on must not start with the old one.
        await self._keep(held, digest)
        ready = [talk for talk, is_ready in zip(talks, prepared, strict=True) if is_ready]
        committed = await asyncio.gather(*(talk.commit(digest) for talk in ready))
        done = [talk for talk, is_done in zip(ready, committed, strict=True) if is_done]
        await asyncio.gather(*(self._replace(talk) for talk in talks if talk not in done))

    async def _keep(self, held: Segment, digest: bytes) -> None:
        try:
            await self._tell(Message(Kind.KEEP, descriptors=(held.fileno(),)))
        except BaseException:
            held.close()
            raise
        if self._desired is not None:
            self._desired[0].close()
        self._desired = held, digest

    async def reconcile(self, one: Participant, message: Message) -> None:
        """Bring a server that said HELLO up to date, should it have started with what is no longer in force."""
        if self._desired is None or message.digest == self._desired[1]:
            return
        held, digest = self._desired
        talk = Conversation(one)
        if not (await talk.prepare(held, digest) and await talk.commit(digest)):
            await self._replace(talk)

    async def _replace(self, talk: Conversation) -> None:
        """Have the supervisor put another process into the place of the one that was talked with."""
        _log.warning("%s did not change over to the new configuration in time, and is replaced", talk.one.name)
        await self._tell(Message(Kind.REPLACE, talk.one.index, talk.incarnation))

    async def _tell(self, message: Message) -> None:
        for _ in range(TELLS):
            if self._supervisor.send(message):
                return
            await asyncio.sleep(TELL_AGAIN_SECONDS)
        raise SupervisorError(f"the supervisor takes no messages: {message.kind.name} did not reach it")
