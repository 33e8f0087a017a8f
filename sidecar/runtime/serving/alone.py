"""Everything in one process (``enable_multiprocessing: false``): the same parts, without anybody to watch over them."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import uvloop

from sidecar.http.guard import TokenError
from sidecar.http.listening import ListenError
from sidecar.loading.snapshot import Snapshot
from sidecar.loading.warm_up import warm_up_keys
from sidecar.memory.scoreboard import Overall, State, Supervised
from sidecar.placement.plan import ANYWHERE
from sidecar.runtime.control.desk import Desk
from sidecar.runtime.control.feed_files import FeedFileError
from sidecar.runtime.ipc.fleet import Fleet, Member, Role
from sidecar.runtime.ipc.heartbeat import END_SECONDS, INTERVAL, Heart
from sidecar.runtime.ipc.shared import make_shared, open_board
from sidecar.runtime.ipc.vital_signs import VitalSigns
from sidecar.runtime.serving import garbage
from sidecar.runtime.serving.checks import Checks
from sidecar.runtime.serving.own_keys import OwnKeys
from sidecar.runtime.serving.own_trust import OwnTrust
from sidecar.runtime.supervision.child import UNAVAILABLE
from sidecar.tokens.key_file import SigningKeyError
from sidecar.transport.address import AddressError
from sidecar.transport.tls import TlsError
from sidecar.verify.pool.warm_up import decode_keys, warm_up

_SERVER = Member(0, Role.SERVER, 0, ANYWHERE)
_FLEET = Fleet((_SERVER,), servers=1, verifiers=0, jwt_verifiers=0)

_log = logging.getLogger(__name__)


def run_alone(config: Path, snapshot: Snapshot, beat: Callable[[], None] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code. ``beat`` is called with each beat of the heart."""
    return uvloop.run(_run(config, snapshot, beat))


async def _run(config: Path, snapshot: Snapshot, beat: Callable[[], None] | None) -> int:
    # In the loop: gRPC's server belongs to the one that runs when it is made.
    try:
        alone = _Alone(config, snapshot, beat)
    except SigningKeyError as error:
        _log.error("cannot sign: %s", error)
        return UNAVAILABLE
    return await alone.run()


class _Alone:
    def __init__(self, config: Path, snapshot: Snapshot, beat: Callable[[], None] | None) -> None:
        self._tell = beat
        loaded = snapshot.compile()
        settings = loaded.settings
        shared = make_shared(
            _FLEET,
            settings.shared_memory_size,
            settings.denylist_bytes,
            replay_bytes=settings.replay_memory_size,
            warm_up=warm_up_keys(settings, config.parent),
        )
        board = open_board(shared.board.open(), _FLEET)
        self._scoreboard = board[0]
        self._scoreboard.write_supervised(
            0, Supervised(os.getpid(), 1, 0, crash_loop=False, started_at=time.monotonic())
        )
        self._heart = Heart(self._scoreboard, 0, 1)
        row = board[1].row(0)
        self._signs = VitalSigns(board[0], 0, 1, row)
        self._keys: OwnKeys | None = None
        if settings.assertion is not None:
            self._keys = OwnKeys(config.parent, settings.assertion, settings.process_pool_timeout, row)
        self._own = OwnTrust(loaded, lambda digest: self._desk.refetch(digest))  # noqa: PLW0108 - it is made below
        self._holder = self._own.holder
        self._checks = Checks(
            member=_SERVER,
            fleet=_FLEET,
            shared=shared,
            settings=settings,
            folder=config.parent,
            trust=self._holder.reader(),
            row=row,
            asserting=None if self._keys is None else self._keys.asserting,
            refetching=self._own.refetching,
            hooks=snapshot.hooks,
        )
        self._desk = Desk(
            config=config,
            snapshot=snapshot,
            loaded=loaded,
            fleet=_FLEET,
            shared=shared,
            board=board,
            apply=self._own.apply,
            published=None if self._keys is None else self._keys.published,
            warm=self._checks.warm,
        )
        self._grace = settings.shutdown_grace_seconds
        self._draining = False

    async def run(self) -> int:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._desk.reload)
        warm_up()
        decode_keys(self._holder.given)
        garbage.settle()
        try:
            await self._checks.start()
            await self._desk.start()
        except (AddressError, ListenError, TlsError, TokenError, FeedFileError) as error:
            _log.error("cannot serve: %s", error)
            return UNAVAILABLE
        self._heart.state = State.READY
        beating = asyncio.create_task(self._beat())
        _log.info("answering checks on %s", self._checks.address)
        await stop.wait()
        await self._drain()
        await self._checks.stop(min(END_SECONDS, self._grace))
        beating.cancel()
        await self._desk.stop()
        return 0

    async def _drain(self) -> None:
        """Answer on until Envoy's connections are closed, or the grace is nearly over."""
        self._draining = True
        until = time.monotonic() + max(0.0, self._grace - END_SECONDS)
        while self._checks.connections() and time.monotonic() < until:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(INTERVAL)

    async def _beat(self) -> None:
        while True:
            self._scoreboard.write_overall(Overall(os.getpid(), time.monotonic(), self._own.generation, self._draining))
            self._holder.look()
            self._heart.trust_digest = self._holder.trust.digest
            self._heart.connections = self._checks.connections()
            self._heart.beat()
            if self._tell is not None:
                self._tell()
            if self._keys is not None:
                self._keys.look()
            self._checks.publish()
            self._signs.hook_processes, self._signs.hooks_waiting = self._checks.hook_load()
            self._signs.tell()
            for digest in self._checks.keys_used():
                self._desk.key_uses.note(digest)
            began = time.monotonic()
            await asyncio.sleep(INTERVAL)
            self._signs.late(time.monotonic() - began - INTERVAL)
