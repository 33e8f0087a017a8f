"""The verifier process: jobs out of the rings of all servers, verdicts back."""

import logging

from sidecar.memory.ring import Consumer, Producer
from sidecar.memory.scoreboard import State
from sidecar.observe.pool_meter import PoolMeter
from sidecar.observe.pool_series import Pool
from sidecar.runtime.ipc.fleet import Role
from sidecar.runtime.ipc.heartbeat import Heart
from sidecar.runtime.ipc.shared import open_board, rings_of
from sidecar.runtime.ipc.vital_signs import VitalSigns
from sidecar.runtime.serving.stop import Stop
from sidecar.runtime.supervision.child import ChildSpec
from sidecar.verify.pool.told import NOBODY, Told
from sidecar.verify.pool.warm_up import warm_up
from sidecar.verify.pool.worker import Server, Worker

_log = logging.getLogger(__name__)


def run(spec: ChildSpec) -> int:
    """Verify until SIGTERM; return the exit code."""
    stop = Stop()
    board, table = open_board(spec.shared.board.open(), spec.fleet)
    row = table.row(spec.member.index)
    heart = Heart(board, spec.member.index, spec.incarnation)
    heart.beat()
    warm_up()
    signs = VitalSigns(board, spec.member.index, spec.incarnation, row)

    def beat() -> None:
        heart.beat()
        signs.tell()

    heart.state = State.READY
    worker(spec, PoolMeter(row, Pool.VERIFIER)).run(beat, lambda: stop.called)
    heart.state = State.STOPPED
    heart.beat()
    return 0


def worker(spec: ChildSpec, told: Told = NOBODY) -> Worker:
    """Return the worker on this verifier's ends of the rings. ``told`` is told of its work."""
    rings, fleet, shared, number = rings_of(spec.fleet), spec.fleet, spec.shared, spec.member.number
    if rings is None or shared.rings is None:
        raise RuntimeError("a verifier without rings")
    memory = shared.rings.open().memory
    suffix = "/costly" if number in fleet.costly else ""
    servers = [
        Server(
            jobs=Consumer(memory, rings.jobs(server.number, number), shared.seed),
            verdicts=Producer(memory, rings.verdicts(server.number, number), shared.seed),
            wake_up=shared.wake_ups[server.name + suffix].open(),
        )
        for server in fleet.of(Role.SERVER)
    ]
    wake_up = shared.wake_ups[spec.member.name].open()
    return Worker(servers, wake_up, lambda text: _log.warning("%s", text), told=told)
