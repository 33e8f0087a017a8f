"""One configuration to all servers, in two phases: each makes its Trust, and only then do they change over.

    control                          server
      PREPARE(generation, snapshot) ──>  makes a Trust, goes on under the old one
      <── PREPARED(generation, digest)
    all have: KEEP to the supervisor, for whoever starts from now on
      COMMIT(generation) ─────────────>  decides by the new one
      <── COMMITTED(generation, digest)

A server that does not answer in time, or comes to another digest than control did, is replaced: its successor starts
with the new snapshot. So nobody is left who has not changed over, and nobody who answers waits for long for one that
does not. One that starts meanwhile, and so with the old snapshot, is asked in its predecessor's place in the same
rollout. ``conversation.py`` says which answers are believed.

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
#: Incarnations of one server that are asked in one rollout: one that ends again and again must not hold up the others.
INCARNATIONS = 3

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
        self._behind: list[Conversation] = []

    @property
    def behind(self) -> Sequence[str]:
        """Return the names of those who did not change over, of which the supervisor has not been told yet."""
        return [talk.one.name for talk in self._behind]

    def begin(self, desired: Desired) -> None:
        """Take this for what is in force already, as it is when control starts."""
        self._desired = desired

    async def apply(self, desired: Desired) -> None:
        """Have every server change over to ``desired``.

        What it holds is the rollout's from then on: it is closed when another one takes its place, or at once on an
        error. Raises ``SupervisorError`` before anybody has changed over, and never after: then it is in force, and who
        is ``behind`` is to be replaced by ``finish``, sooner or later.

        Where they decide by such a Trust already, they are told until when its keys are good, and whoever starts later
        is given the new snapshot.
        """
        if self._desired is not None and self._desired.digest == desired.digest:
            # First: whatever has become of the supervisor, servers must not drop keys that were confirmed.
            _confirm(desired, self._participants)
            await self._keep(desired, is_new=False)
            return
        try:
            talks = await asyncio.gather(*(_prepare(one, desired) for one in self._participants))
        except BaseException:
            desired.held.close()
            raise
        # Before anybody changes over: who starts from now on must not start with the old one.
        await self._keep(desired, is_new=True)
        await asyncio.gather(*(self._commit(talk, desired) for talk in talks))
        await self._finish_if_possible()

    async def _commit(self, talk: Conversation, desired: Desired) -> None:
        """Have one change over, or note that it did not."""
        self._behind = [other for other in self._behind if other.one is not talk.one]
        done = talk.is_ready and await talk.commit(desired.digest)
        if not done and talk.is_ready and talk.successor is not None:
            # It had prepared, and died. Its successor is told at once, and not when all others have answered.
            done = talk.successor.digest == desired.digest
            talk = talk if done else await _prepare(talk.one, desired)
            done = done or (talk.is_ready and await talk.commit(desired.digest))
        if not done:
            self._behind.append(talk)

    async def _keep(self, desired: Desired, *, is_new: bool) -> None:
        try:
            await self._tell(Message(Kind.KEEP, int(is_new), descriptors=(desired.held.fileno(),)))
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
        await self._commit(await _prepare(one, self._desired), self._desired)
        await self._finish_if_possible()

    async def finish(self) -> None:
        """Have those replaced who did not change over; raises ``SupervisorError`` where some are left."""
        while self._behind:
            talk = self._behind[0]
            _log.warning("%s did not change over to the new configuration in time, and is replaced", talk.one.name)
            await self._tell(Message(Kind.REPLACE, talk.one.index, talk.incarnation))
            self._behind.remove(talk)

    async def _finish_if_possible(self) -> None:
        try:
            await self.finish()
        except SupervisorError as error:
            _log.error("%s still decide(s) by another configuration: %s", ", ".join(self.behind), error)

    async def _tell(self, message: Message) -> None:
        for _ in range(TELLS):
            if self._supervisor.send(message):
                return
            await asyncio.sleep(TELL_AGAIN_SECONDS)
        raise SupervisorError(f"the supervisor takes no messages: {message.kind.name} did not reach it")


async def _prepare(one: Participant, desired: Desired) -> Conversation:
    """Have one make its Trust, or whoever takes its place meanwhile; return how that was."""
    incarnation = 0
    for _ in range(INCARNATIONS):
        talk = Conversation(one, incarnation)
        if await talk.prepare(desired.held, desired.digest) or talk.successor is None:
            break
        incarnation = talk.successor.incarnation
    return talk


def _confirm(desired: Desired, participants: Sequence[Participant]) -> None:
    """Say until when the keys are good. One that does not hear it asks, as soon as it would have to know."""
    if not desired.good_until:
        return
    with store(confirmation.encode(desired.good_until)) as times:
        for one in participants:
            one.channel.send(Message(Kind.CONFIRMED, digest=desired.digest, descriptors=(times.fileno(),)))
