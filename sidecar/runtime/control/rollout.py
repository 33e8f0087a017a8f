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

Keys that were confirmed, and are the same, are no new configuration: all are told until when they are good (CONFIRMED).
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from sidecar.loading import confirmation
from sidecar.loading.confirmation import GoodUntil
from sidecar.memory.segment import Segment
from sidecar.runtime.control.conversation import Conversation, Participant
from sidecar.runtime.ipc.blob import store
from sidecar.runtime.ipc.channel import Channel, Kind, Message

#: How often, and after how many seconds, the supervisor is told again what its socket did not take.
TELLS, TELL_AGAIN_SECONDS = 40, 0.05

_log = logging.getLogger(__name__)


class SupervisorError(RuntimeError):
    """The supervisor takes no messages: what depends on it has not been done, and has to be tried again."""


@dataclass(frozen=True, slots=True)
class Desired:
    """What all are to decide by: a snapshot (in ``held``), its Trust's digest, and until when its keys are good."""

    held: Segment
    digest: bytes
    good_until: GoodUntil = field(default_factory=dict)


class Rollout:
    """Brings a snapshot to all ``participants``. One at a time; in control's event loop."""

    def __init__(self, participants: Sequence[Participant], supervisor: Channel) -> None:
        self._participants = participants
        self._supervisor = supervisor
        self._desired: Desired | None = None

    def begin(self, desired: Desired) -> None:
        """Take this for what is in force already, as it is when control starts."""
        self._desired = desired

    async def apply(self, desired: Desired) -> None:
        """Have every server change over to ``desired``.

        What it holds is the rollout's from then on: it is closed when another one takes its place, or at once on an
        error. Raises ``SupervisorError``: before anybody has changed over, or since one that has not cannot be
        replaced.

        Where they decide by such a Trust already, they are told until when its keys are good, and whoever starts later
        is given the new snapshot.
        """
        if self._desired is not None and self._desired.digest == desired.digest:
            # First: whatever has become of the supervisor, servers must not drop keys that were confirmed.
            _confirm(desired, self._participants)
            await self._keep(desired)
            return
        talks = [Conversation(one) for one in self._participants]
        try:
            prepared = await asyncio.gather(*(talk.prepare(desired.held, desired.digest) for talk in talks))
        except BaseException:
            desired.held.close()
            raise
        # Before anybody changes over: who starts from now on must not start with the old one.
        await self._keep(desired)
        ready = [talk for talk, is_ready in zip(talks, prepared, strict=True) if is_ready]
        committed = await asyncio.gather(*(talk.commit(desired.digest) for talk in ready))
        done = [talk for talk, is_done in zip(ready, committed, strict=True) if is_done]
        await asyncio.gather(*(self._replace(talk) for talk in talks if talk not in done))

    async def _keep(self, desired: Desired) -> None:
        try:
            await self._tell(Message(Kind.KEEP, descriptors=(desired.held.fileno(),)))
        except BaseException:
            desired.held.close()
            raise
        if self._desired is not None:
            self._desired.held.close()
        self._desired = desired

    async def reconcile(self, one: Participant, message: Message) -> None:
        """Bring a server that said HELLO up to date, should it have started with what is no longer in force."""
        if self._desired is None:
            return
        if message.digest == self._desired.digest:
            _confirm(self._desired, [one])
            return
        desired, talk = self._desired, Conversation(one)
        if not (await talk.prepare(desired.held, desired.digest) and await talk.commit(desired.digest)):
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


def _confirm(desired: Desired, participants: Sequence[Participant]) -> None:
    """Say until when the keys are good. One that does not hear it asks, as soon as it would have to know."""
    if not desired.good_until:
        return
    with store(confirmation.encode(desired.good_until)) as times:
        for one in participants:
            one.channel.send(Message(Kind.CONFIRMED, digest=desired.digest, descriptors=(times.fileno(),)))
