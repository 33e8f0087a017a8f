"""Control's end of the servers' channels: what they say is heard, and they are brought to what is to be in force."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from functools import partial

from sidecar.runtime.control.conversation import Participant
from sidecar.runtime.control.reload import Reading
from sidecar.runtime.control.rollout import Desired, Rollout, SupervisorError
from sidecar.runtime.control.rotation import KeyUses
from sidecar.runtime.control.warmers import Warmers
from sidecar.runtime.ipc.blob import store
from sidecar.runtime.ipc.channel import Channel, Kind, Message, close_all
from sidecar.runtime.ipc.fleet import Fleet, Role

#: Seconds until the supervisor is told again of a server that did not change over.
FINISH_AGAIN_SECONDS = 1.0

#: Fetches the keys of an issuer, by its configuration's digest; returns in how many seconds it would do so again.
Refetch = Callable[[bytes], Awaitable[float]]


class Messages:
    """Hears the servers, and has the rollout answer them."""

    def __init__(self, channels: Sequence[socket.socket], fleet: Fleet, incarnation: Callable[[int], int]) -> None:
        supervisor, *servers = channels
        self._participants = [
            Participant(member.index, member.name, Channel(end), partial(incarnation, member.index))
            for member, end in zip(fleet.of(Role.SERVER), servers, strict=True)
        ]
        self._supervisor = Channel(supervisor)
        self.rollout = Rollout(self._participants, self._supervisor)
        self._warmers = Warmers(self._participants)
        self._one_at_a_time = asyncio.Lock()
        self._under_way: set[asyncio.Task[None]] = set()
        self._refetch: Refetch = _nothing
        self._key_uses = KeyUses()
        self._is_finishing = False

    def listen(self, refetch: Refetch, key_uses: KeyUses) -> None:
        """Hear from now on, and ask all servers under what they serve."""
        self._refetch, self._key_uses = refetch, key_uses
        loop = asyncio.get_running_loop()
        for one in self._participants:
            loop.add_reader(one.channel.fileno(), partial(self._hear, one))
            # What came while nobody listened may have left no room for the answer.
            self._hear(one)
            one.channel.send(Message(Kind.WHO))

    async def apply(self, reading: Reading) -> None:
        """Bring a new configuration to all servers."""
        held, loaded = store(reading.snapshot.encode()), reading.loaded
        async with self._one_at_a_time:
            await self.rollout.apply(Desired(held, loaded.trust.digest, loaded.good_until))
        self._see_to_the_end()

    def wish(self, verifiers: int) -> None:
        """Tell the supervisor how many verifiers there are to be; to be said again and again, should one be lost."""
        self._supervisor.send(Message(Kind.RESIZE, verifiers))

    async def warm(self, tokens: Sequence[str]) -> Mapping[str, int]:
        """Have the servers verify ``tokens``; return how many ended how."""
        return await self._warmers.warm(tokens)

    def _hear(self, one: Participant) -> None:
        while (message := one.channel.receive()) is not None:
            close_all(message.descriptors)
            if message.kind is Kind.REFETCH:
                self._begin(self._have_refetched(one, message))
                continue
            if message.kind is Kind.USED:
                self._key_uses.note(message.digest)
                continue
            if message.kind is Kind.WARMED:
                self._warmers.hear(message)
                continue
            one.hear(message)
            if message.kind is Kind.HELLO:
                self._begin(self._reconcile(one, message))

    def _begin(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _have_refetched(self, one: Participant, message: Message) -> None:
        pause = await self._refetch(message.digest)
        one.channel.send(Message(Kind.REFETCHED, round(pause * 1000), digest=message.digest))

    async def _reconcile(self, one: Participant, message: Message) -> None:
        async with self._one_at_a_time:
            await self.rollout.reconcile(one, message)
        self._see_to_the_end()

    def _see_to_the_end(self) -> None:
        if self.rollout.behind and not self._is_finishing:
            self._is_finishing = True
            self._begin(self._finish())

    async def _finish(self) -> None:
        """Tell the supervisor again, until nobody is left who did not change over."""
        try:
            while self.rollout.behind:
                await asyncio.sleep(FINISH_AGAIN_SECONDS)
                async with self._one_at_a_time:
                    with suppress(SupervisorError):
                        await self.rollout.finish()
        finally:
            self._is_finishing = False


async def _nothing(_issuer_digest: bytes) -> float:
    return 0.0
