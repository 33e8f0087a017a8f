"""The minting process: signing inputs out of the rings of all servers, signatures back. It alone reads the keys.

Where their files change it reads them again, and takes new ends of its rings with the new keys: to everybody else that
is a minting process that was replaced, whose keys are asked for anew, and no job is lost by it.
"""

import logging
from pathlib import Path

from sidecar.loading.snapshot import decode
from sidecar.memory.counters import Row
from sidecar.memory.ring import Consumer, Producer
from sidecar.memory.scoreboard import State
from sidecar.observe.pool_meter import PoolMeter
from sidecar.observe.pool_series import Pool
from sidecar.runtime.control.key_files import WatchedKeys
from sidecar.runtime.ipc.blob import take
from sidecar.runtime.ipc.heartbeat import Heart
from sidecar.runtime.ipc.shared import open_board, signing_rings_of
from sidecar.runtime.ipc.vital_signs import VitalSigns
from sidecar.runtime.serving.stop import Stop
from sidecar.runtime.supervision.child import UNAVAILABLE, ChildSpec
from sidecar.tokens.key_file import SigningKeyError
from sidecar.tokens.minting_key import MintingKeys
from sidecar.tokens.pool.worker import SigningWorker
from sidecar.verify.pool.worker import Server

_log = logging.getLogger(__name__)


def run(spec: ChildSpec) -> int:
    """Sign until SIGTERM; return the exit code."""
    stop = Stop()
    board, table = open_board(spec.shared.board.open(), spec.fleet)
    row = table.row(spec.member.index)
    heart = Heart(board, spec.member.index, spec.incarnation)
    heart.beat()
    assertion = decode(take(spec.snapshot)).settings().assertion
    if assertion is None:
        raise RuntimeError("a minting process without a configuration for it")
    watched = WatchedKeys(Path(spec.config).parent, assertion.keys)
    try:
        keys = watched.read()
    except SigningKeyError as error:
        _log.error("%s cannot sign: %s", spec.member.name, error)
        return UNAVAILABLE
    signs = VitalSigns(board, spec.member.index, spec.incarnation, row)

    def beat() -> None:
        heart.beat()
        signs.tell()

    heart.state = State.READY
    ends = _Ends(spec, row)
    while not stop.called:
        ends.worker(keys).run(beat, lambda: stop.called or watched.have_changed())
        if not stop.called:
            keys = watched.read_again(keys)
    heart.state = State.STOPPED
    heart.beat()
    return 0


class _Ends:
    """Makes workers on this process's ends of the rings, one after the other."""

    def __init__(self, spec: ChildSpec, row: Row) -> None:
        rings, shared = signing_rings_of(spec.fleet), spec.shared
        if rings is None or shared.signing is None:
            raise RuntimeError("a minting process without rings")
        self._spec, self._rings = spec, rings
        self._meter = PoolMeter(row, Pool.MINTER)
        self._memory = shared.signing.open().memory
        self._wake_up = shared.wake_ups[spec.member.name].open()
        self._wake_ups = [shared.wake_ups[f"{asker.name}/signing"].open() for asker in spec.fleet.askers]

    def worker(self, keys: MintingKeys) -> SigningWorker:
        """Return a worker that to the askers is a new one."""
        number, seed = self._spec.member.number, self._spec.shared.seed
        askers = [
            Server(
                jobs=Consumer(self._memory, self._rings.jobs(asker, number), seed),
                verdicts=Producer(self._memory, self._rings.answers(asker, number), seed),
                wake_up=wake_up,
            )
            for asker, wake_up in enumerate(self._wake_ups)
        ]
        return SigningWorker(keys, askers, self._wake_up, lambda text: _log.warning("%s", text), told=self._meter)
