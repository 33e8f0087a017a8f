"""The verifier process: jobs out of the rings of all servers, verdicts back.

SIGTERM ends it at once: servers verify themselves what it had. SIGUSR1 has it leave, where the pool becomes smaller.
"""

import logging
import signal
import time

from sidecar.memory.ring import Consumer, Producer
from sidecar.memory.scoreboard import State
from sidecar.observe.pool_meter import PoolMeter
from sidecar.observe.pool_series import Pool
from sidecar.runtime.ipc.fleet import Role
from sidecar.runtime.ipc.heartbeat import Heart
from sidecar.runtime.ipc.shared import open_board, rings_of
from sidecar.runtime.ipc.vital_signs import VitalSigns
from sidecar.runtime.serving.stop import Stop
from sidecar.runtime.supervision.child import LEFT, ChildSpec
from sidecar.verify.pool.told import NOBODY, Told
from sidecar.verify.pool.warm_up import warm_up
from sidecar.verify.pool.worker import Server, Worker

#: Seconds that servers get to know it. Longer than anybody waits for a verdict (``process_pool_timeout``).
LEAVE_SECONDS = 11.0

_log = logging.getLogger(__name__)


def run(spec: ChildSpec) -> int:
    """Verify until SIGTERM or SIGUSR1; return the exit code."""
    stop, leave = Stop(), Stop(signal.SIGUSR1)
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
    own = worker(spec, PoolMeter(row, Pool.VERIFIER))
    own.run(beat, lambda: stop.called or leave.called)
    code = 0
    if not stop.called:
        heart.state, until = State.DRAINING, time.monotonic() + LEAVE_SECONDS
        own.drain(beat, lambda: stop.called or time.monotonic() > until)
        code = LEFT
    heart.state = State.STOPPED
    heart.beat()
    return code


def worker(spec: ChildSpec, told: Told = NOBODY) -> Worker:
    """Return the worker on this verifier's ends of the rings. ``told`` is told of its work."""
    rings, fleet, shared, number = rings_of(spec.fleet), spec.fleet, spec.shared, spec.member.number
    if rings is None or shared.rings is None:
        raise RuntimeError("a verifier without rings")
    memory = shared.rings.open().memory
    suffix = "/costly" if number in fleet.costly else ""
    servers = [
        Server(
            # First: whoever sees that jobs are taken sees then as well that the verdicts are somebody else's.
            verdicts=Producer(memory, rings.verdicts(server.number, number), shared.seed),
            jobs=Consumer(memory, rings.jobs(server.number, number), shared.seed),
            wake_up=shared.wake_ups[server.name + suffix].open(),
        )
        for server in fleet.of(Role.SERVER)
    ]
    wake_up = shared.wake_ups[spec.member.name].open()
    return Worker(servers, wake_up, lambda text: _log.warning("%s", text), told=told)
