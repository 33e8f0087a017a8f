"""The server process: one event loop, one listening front, until it is told to stop."""

import asyncio
import json
import logging
import os
import signal
import time
from collections.abc import Coroutine
from pathlib import Path

import uvloop

from sidecar.core.trust import Trust
from sidecar.loading import confirmation
from sidecar.loading.snapshot import decode
from sidecar.memory.scoreboard import State
from sidecar.runtime.control.signing import signing_pool
from sidecar.runtime.ipc.blob import take
from sidecar.runtime.ipc.channel import Channel, Kind, Message
from sidecar.runtime.ipc.handles import Handle
from sidecar.runtime.ipc.heartbeat import INTERVAL, Heart
from sidecar.runtime.ipc.shared import open_board
from sidecar.runtime.ipc.vital_signs import VitalSigns
from sidecar.runtime.serving import garbage
from sidecar.runtime.serving.asserting import Asserting
from sidecar.runtime.serving.checks import Checks
from sidecar.runtime.serving.holder import Holder, PrepareError
from sidecar.runtime.serving.refetching import Refetching
from sidecar.runtime.supervision.child import UNAVAILABLE, ChildSpec
from sidecar.transport.address import AddressError
from sidecar.verify.pool.warm_up import decode_keys, warm_up

_log = logging.getLogger(__name__)

#: Seconds that one server gets which is stopped alone: Envoy has seen GOAWAY, and asks the others.
_ALONE_GRACE = 5.0
#: Seconds until control is asked again about keys that nobody confirmed in time.
_ASK_AGAIN_SECONDS = 5.0


def run(spec: ChildSpec) -> int:
    """Serve until SIGTERM; return the exit code."""
    return uvloop.run(_run(spec))


async def _run(spec: ChildSpec) -> int:
    # In the loop: gRPC's server belongs to the one that runs when it is made.
    return await _Server(spec).run()


class _Server:
    def __init__(self, spec: ChildSpec) -> None:
        board, table = open_board(spec.shared.board.open(), spec.fleet)
        self._heart = Heart(board, spec.member.index, spec.incarnation)
        self._heart.beat()
        snapshot = decode(take(spec.snapshot))
        loaded = snapshot.compile()
        settings = loaded.settings
        self._spec = spec
        self._channel = Channel(spec.channels[0])
        self._refetching = Refetching(lambda issuer_digest: self._say(Kind.REFETCH, digest=issuer_digest))
        self._holder = Holder(loaded, self._changed)
        self._heart.trust_digest = self._holder.trust.digest
        row = table.row(spec.member.index)
        self._signs = VitalSigns(board, spec.member.index, spec.incarnation, row)
        asserting = None
        if settings.assertion is not None:
            pool = signing_pool(spec.member, spec.fleet, spec.shared)
            asserting = Asserting(pool, settings.process_pool_timeout, row)
        self._checks = Checks(
            member=spec.member,
            fleet=spec.fleet,
            shared=spec.shared,
            settings=settings,
            folder=Path(spec.config).parent,
            trust=self._holder.reader(),
            refetching=self._refetching,
            row=row,
            asserting=asserting,
            hooks=snapshot.hooks,
            is_first=spec.incarnation == 1,
        )
        self._grace = min(_ALONE_GRACE, settings.shutdown_grace_seconds)
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self) -> int:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        warm_up()
        decode_keys(self._holder.given)
        garbage.settle()
        self._heart.beat()
        try:
            await self._checks.start()
        except AddressError as error:
            _log.error("%s cannot listen: %s", self._spec.member.name, error)
            return UNAVAILABLE
        self._heart.state = State.READY
        loop.add_reader(self._channel.fileno(), self._hear)
        self._say(Kind.HELLO, digest=self._holder.given.digest)
        beating = asyncio.create_task(self._beat())
        _log.info("answering checks on %s", self._checks.address)
        await stop.wait()
        self._heart.state = State.DRAINING
        self._heart.beat()
        await self._checks.stop(self._grace)
        beating.cancel()
        self._checks.publish()
        self._heart.state = State.STOPPED
        self._heart.beat()
        return 0

    async def _beat(self) -> None:
        asked_at = time.monotonic()
        while True:
            self._holder.look()
            if self._holder.lacks_keys and time.monotonic() - asked_at >= _ASK_AGAIN_SECONDS:
                # Control answers with what it knows of them, should that not have come through.
                asked_at = time.monotonic()
                self._say(Kind.HELLO, digest=self._holder.given.digest)
            self._heart.connections = self._checks.connections()
            self._heart.beat()
            self._checks.publish()
            self._signs.hook_processes, self._signs.hooks_waiting = self._checks.hook_load()
            self._signs.tell()
            for digest in self._checks.keys_used():
                self._say(Kind.USED, digest=digest)
            await self._pause()

    async def _pause(self) -> None:
        began = time.monotonic()
        await asyncio.sleep(INTERVAL)
        self._signs.late(time.monotonic() - began - INTERVAL)

    def _changed(self, trust: Trust) -> None:
        self._heart.trust_digest = trust.digest
        self._heart.beat()
        self._refetching.changed()

    def _hear(self) -> None:
        while (message := self._channel.receive()) is not None:
            handles = [Handle(fd) for fd in message.descriptors]
            match message.kind:
                case Kind.WHO:
                    self._say(Kind.HELLO, digest=self._holder.given.digest)
                case Kind.PREPARE if handles:
                    self._begin(self._prepare(message.generation, take(handles.pop(0))))
                case Kind.COMMIT:
                    digest = self._holder.commit(message.generation)
                    if digest is not None:
                        self._say(Kind.COMMITTED, message.generation, digest)
                case Kind.CONFIRMED if handles:
                    self._confirm(message.digest, handles.pop(0))
                case Kind.WARM if handles:
                    self._begin(self._warm(message.generation, take(handles.pop(0))))
                case Kind.REFETCHED:
                    self._refetching.answered(message.digest, message.generation / 1000)
                case _:
                    _log.warning("a message that is not for a server: %s", message.kind)
            for handle in handles:
                os.close(handle.fd)

    def _begin(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _warm(self, generation: int, tokens: bytes) -> None:
        counts = await self._checks.warm(json.loads(tokens))
        text = json.dumps(dict(counts))
        self._channel.send(Message(Kind.WARMED, generation, self._spec.incarnation, text=text))

    def _confirm(self, digest: bytes, times: Handle) -> None:
        try:
            self._holder.confirm(digest, confirmation.decode(take(times)))
        except (OSError, ValueError) as error:
            _log.error("until when keys are good was not understood: %s", error)

    async def _prepare(self, generation: int, snapshot: bytes) -> None:
        try:
            self._say(Kind.PREPARED, generation, await self._holder.prepare(generation, snapshot))
        except PrepareError as error:
            self._channel.send(Message(Kind.REFUSED, generation, self._spec.incarnation, text=str(error)))

    def _say(self, kind: Kind, generation: int = 0, digest: bytes = bytes(32)) -> None:
        self._channel.send(Message(kind, generation, self._spec.incarnation, digest))
