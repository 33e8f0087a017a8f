"""The control process: everything that is for all servers and no check waits for. May be killed like any other."""

import asyncio
import logging
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from sidecar.http.guard import TokenError
from sidecar.http.listening import ListenError
from sidecar.loading.snapshot import decode
from sidecar.memory.scoreboard import Scoreboard, State
from sidecar.runtime.control.conversation import Participant
from sidecar.runtime.control.desk import Desk
from sidecar.runtime.control.feed_files import FeedFileError
from sidecar.runtime.control.key_set import PublishedKeys
from sidecar.runtime.control.reload import Reading
from sidecar.runtime.control.rollout import Desired, Rollout, SupervisorError
from sidecar.runtime.control.rotation import KeyUses
from sidecar.runtime.control.signing import signing_pool
from sidecar.runtime.ipc.blob import load, store
from sidecar.runtime.ipc.channel import Channel, Kind, Message, close_all
from sidecar.runtime.ipc.fleet import Fleet, Role
from sidecar.runtime.ipc.heartbeat import INTERVAL, Heart
from sidecar.runtime.ipc.shared import open_board
from sidecar.runtime.supervision.child import UNAVAILABLE, ChildSpec
from sidecar.tokens.signer import PoolSigner
from sidecar.transport.tls import TlsError

_log = logging.getLogger(__name__)

#: Seconds until the supervisor is told again of a server that did not change over.
FINISH_AGAIN_SECONDS = 1.0

#: Fetches the keys of an issuer, by its configuration's digest; returns in how many seconds it would do so again.
Refetch = Callable[[bytes], Awaitable[float]]


def run(spec: ChildSpec) -> int:
    """Control until SIGTERM; return the exit code."""
    return asyncio.run(_run(spec))


async def _run(spec: ChildSpec) -> int:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    board = open_board(spec.shared.board.open(), spec.fleet)
    heart = Heart(board[0], spec.member.index, spec.incarnation)
    heart.beat()
    held = spec.snapshot.open()
    snapshot = decode(load(held))
    messages = _Messages(spec.channels, spec.fleet, partial(_incarnation, board[0]))
    loaded = snapshot.compile()
    settings = loaded.settings
    published = None
    if settings.assertion is not None:
        pool = signing_pool(spec.member, spec.fleet, spec.shared)
        pool.open()
        published = PublishedKeys(PoolSigner(pool), settings.assertion.jwks_max_age_seconds)
    desk = Desk(
        config=Path(spec.config),
        snapshot=snapshot,
        loaded=loaded,
        fleet=spec.fleet,
        shared=spec.shared,
        board=board,
        apply=messages.apply,
        row=spec.member.index,
        published=published,
        takes_over=spec.incarnation > 1,
    )
    messages.rollout.begin(Desired(held, desk.trust.digest, loaded.good_until))
    # Before the files are read for the first time: those that came until now were not heard.
    loop.add_signal_handler(signal.SIGHUP, desk.reload)
    try:
        await desk.start()
    except (ListenError, TlsError, TokenError, FeedFileError) as error:
        _log.error("control cannot begin: %s", error)
        return UNAVAILABLE
    messages.listen(desk.refetch, desk.key_uses)
    heart.state = State.READY
    while not stop.is_set():
        heart.trust_digest = desk.trust.digest
        heart.beat()
        try:
            await asyncio.wait_for(stop.wait(), INTERVAL)
        except TimeoutError:
            continue
    await desk.stop()
    heart.state = State.STOPPED
    heart.beat()
    return 0


class _Messages:
    """Hears the servers, and has the rollout answer them."""

    def __init__(self, channels: Sequence[socket.socket], fleet: Fleet, incarnation: Callable[[int], int]) -> None:
        supervisor, *servers = channels
        self._participants = [
            Participant(member.index, member.name, Channel(end), partial(incarnation, member.index))
            for member, end in zip(fleet.of(Role.SERVER), servers, strict=True)
        ]
        self.rollout = Rollout(self._participants, Channel(supervisor))
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

    def _hear(self, one: Participant) -> None:
        while (message := one.channel.receive()) is not None:
            close_all(message.descriptors)
            if message.kind is Kind.REFETCH:
                self._begin(self._have_refetched(one, message))
                continue
            if message.kind is Kind.USED:
                self._key_uses.note(message.digest)
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


def _incarnation(board: Scoreboard, index: int) -> int:
    supervised = board.supervised(index)
    return 0 if supervised is None else supervised.incarnation
