"""The control process: everything that is for all servers and no check waits for. May be killed like any other."""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Coroutine
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
from sidecar.runtime.control.rollout import Rollout, SupervisorError
from sidecar.runtime.control.signing import signing_pool
from sidecar.runtime.ipc.blob import load, store
from sidecar.runtime.ipc.channel import Channel, Kind, Message, close_all
from sidecar.runtime.ipc.fleet import Role
from sidecar.runtime.ipc.heartbeat import INTERVAL, Heart
from sidecar.runtime.ipc.shared import open_board
from sidecar.runtime.supervision.child import UNAVAILABLE, ChildSpec
from sidecar.tokens.signer import PoolSigner
from sidecar.transport.tls import TlsError

_log = logging.getLogger(__name__)

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
    messages = _Messages(spec, board[0])
    settings = snapshot.settings()
    published = None
    if settings.assertion is not None:
        pool = signing_pool(spec.member, spec.fleet, spec.shared)
        pool.open()
        published = PublishedKeys(PoolSigner(pool), settings.assertion.jwks_max_age_seconds)
    desk = Desk(
        config=Path(spec.config),
        snapshot=snapshot,
        loaded=snapshot.compile(),
        fleet=spec.fleet,
        shared=spec.shared,
        board=board,
        apply=messages.apply,
        row=spec.member.index,
        published=published,
        takes_over=spec.incarnation > 1,
    )
    messages.rollout.begin(held, desk.trust.digest)
    # Before the files are read for the first time: those that came until now were not heard.
    loop.add_signal_handler(signal.SIGHUP, desk.reload)
    try:
        await desk.start()
    except (ListenError, TlsError, TokenError, FeedFileError) as error:
        _log.error("control cannot begin: %s", error)
        return UNAVAILABLE
    messages.listen(desk.refetch)
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

    def __init__(self, spec: ChildSpec, board: Scoreboard) -> None:
        supervisor, *servers = spec.channels
        members = spec.fleet.of(Role.SERVER)
        self._participants = [
            Participant(member.index, member.name, Channel(end), partial(_incarnation, board, member.index))
            for member, end in zip(members, servers, strict=True)
        ]
        self.rollout = Rollout(self._participants, Channel(supervisor))
        self._one_at_a_time = asyncio.Lock()
        self._under_way: set[asyncio.Task[None]] = set()
        self._refetch: Refetch = _nothing

    def listen(self, refetch: Refetch) -> None:
        """Hear from now on, and ask all servers under what they serve."""
        self._refetch = refetch
        loop = asyncio.get_running_loop()
        for one in self._participants:
            loop.add_reader(one.channel.fileno(), partial(self._hear, one))
            one.channel.send(Message(Kind.WHO))

    async def apply(self, reading: Reading) -> None:
        """Bring a new configuration to all servers."""
        held = store(reading.snapshot.encode())
        async with self._one_at_a_time:
            await self.rollout.apply(held, reading.loaded.trust.digest)

    def _hear(self, one: Participant) -> None:
        while (message := one.channel.receive()) is not None:
            close_all(message.descriptors)
            if message.kind is Kind.REFETCH:
                self._begin(self._have_refetched(one, message))
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
            try:
                await self.rollout.reconcile(one, message)
            except SupervisorError as error:
                _log.error("%s serves another configuration than is in force: %s", one.name, error)
                one.channel.send(Message(Kind.WHO))  # and so try again


async def _nothing(_issuer_digest: bytes) -> float:
    return 0.0


def _incarnation(board: Scoreboard, index: int) -> int:
    supervised = board.supervised(index)
    return 0 if supervised is None else supervised.incarnation
