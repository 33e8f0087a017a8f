"""The control process: everything that is for all servers and no check waits for. May be killed like any other."""

import asyncio
import logging
import signal
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

from sidecar.http.guard import TokenError
from sidecar.http.listening import ListenError
from sidecar.loading.snapshot import decode
from sidecar.memory.counters import CounterTable
from sidecar.memory.scoreboard import Scoreboard, State
from sidecar.runtime.control.desk import Desk
from sidecar.runtime.control.feed_files import FeedFileError
from sidecar.runtime.control.key_set import PublishedKeys
from sidecar.runtime.control.messages import Messages
from sidecar.runtime.control.rollout import Desired
from sidecar.runtime.control.signing import signing_pool
from sidecar.runtime.ipc.blob import load
from sidecar.runtime.ipc.heartbeat import INTERVAL, Heart
from sidecar.runtime.ipc.shared import open_board
from sidecar.runtime.ipc.vital_signs import VitalSigns
from sidecar.runtime.supervision.child import UNAVAILABLE, ChildSpec
from sidecar.settings.assertion import AssertionSettings
from sidecar.tokens.signer import PoolSigner
from sidecar.transport.tls import TlsError

_log = logging.getLogger(__name__)


def run(spec: ChildSpec) -> int:
    """Control until SIGTERM; return the exit code."""
    return asyncio.run(_run(spec))


async def _run(spec: ChildSpec) -> int:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    board = open_board(spec.shared.board.open(), spec.fleet)
    heart = Heart(board[0], spec.member.index, spec.incarnation)
    heart.beat()
    signs = VitalSigns(board[0], spec.member.index, spec.incarnation, board[1].row(spec.member.index))
    messages = Messages(spec.channels, spec.fleet, partial(_incarnation, board[0]))
    desk = _desk(spec, board, messages)
    # Before the files are read for the first time: those that came until now were not heard.
    loop.add_signal_handler(signal.SIGHUP, desk.reload)
    try:
        await desk.start()
    except (ListenError, TlsError, TokenError, FeedFileError) as error:
        _log.error("control cannot begin: %s", error)
        return UNAVAILABLE
    messages.listen(desk.refetch, desk.key_uses)
    heart.state = State.READY
    resizing = _resizing(spec, board, messages)
    await _beat(heart, signs, desk, stop)
    if resizing is not None:
        resizing.cancel()
    await desk.stop()
    heart.state = State.STOPPED
    heart.beat()
    return 0


def _desk(spec: ChildSpec, board: tuple[Scoreboard, CounterTable], messages: Messages) -> Desk:
    """Make the desk, with what all are said to decide by already."""
    held = spec.snapshot.open()
    snapshot = decode(load(held))
    loaded = snapshot.compile()
    desk = Desk(
        config=Path(spec.config),
        snapshot=snapshot,
        loaded=loaded,
        fleet=spec.fleet,
        shared=spec.shared,
        board=board,
        apply=messages.apply,
        row=spec.member.index,
        published=_published(spec, loaded.settings.assertion),
        takes_over=spec.incarnation > 1,
        warm=messages.warm,
    )
    messages.rollout.begin(Desired(held, desk.trust.digest, loaded.good_until))
    return desk


def _resizing(
    spec: ChildSpec, board: tuple[Scoreboard, CounterTable], messages: Messages
) -> "asyncio.Task[None] | None":
    if spec.fleet.bounds is None:
        return None
    from sidecar.runtime.control.pool_looks import PoolLooks  # noqa: PLC0415 - where it is switched on alone
    from sidecar.runtime.control.resizing import Resizing  # noqa: PLC0415 - the same

    looks = PoolLooks(spec.fleet, *board)
    return asyncio.create_task(Resizing(looks, spec.fleet.bounds, messages.wish).follow())


def _published(spec: ChildSpec, assertion: AssertionSettings | None) -> PublishedKeys | None:
    if assertion is None:
        return None
    pool = signing_pool(spec.member, spec.fleet, spec.shared)
    pool.open()
    return PublishedKeys(PoolSigner(pool), assertion.jwks_max_age_seconds)


async def _beat(heart: Heart, signs: VitalSigns, desk: Desk, stop: asyncio.Event) -> None:
    """Say that control lives, and by what it is, until it is to end."""
    while not stop.is_set():
        heart.trust_digest = desk.trust.digest
        heart.beat()
        signs.tell()
        began = time.monotonic()
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), INTERVAL)
        signs.late(time.monotonic() - began - INTERVAL)


def _incarnation(board: Scoreboard, index: int) -> int:
    supervised = board.supervised(index)
    return 0 if supervised is None else supervised.incarnation
