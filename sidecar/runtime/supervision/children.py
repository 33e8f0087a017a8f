"""The supervisor's children: started, watched, started again, and ended in the end."""

import logging
import os
import random
import selectors
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sidecar.memory.scoreboard import Report, Scoreboard, State
from sidecar.memory.segment import Segment
from sidecar.placement.plan import Placement
from sidecar.runtime.ipc import channel, heartbeat
from sidecar.runtime.ipc.fleet import Fleet, Role
from sidecar.runtime.ipc.handles import Handle
from sidecar.runtime.ipc.shared import Shared
from sidecar.runtime.supervision import launch
from sidecar.runtime.supervision.child import LEFT, UNAVAILABLE, ChildSpec
from sidecar.runtime.supervision.crew import Crew
from sidecar.runtime.supervision.launch import Context, Running
from sidecar.runtime.supervision.life import Life
from sidecar.runtime.supervision.pinning import Pinning

#: A look that comes so late, in seconds, was not the children's fault: the whole machine, or container, stood still.
LATE = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Orders:
    """What the supervisor is told at its start."""

    fleet: Fleet
    shared: Shared
    snapshot: Segment
    config: str
    log_level: str
    grace: float  #: seconds from SIGTERM to the end
    #: Places the same processes on other CPUs; ``None`` where nobody is pinned.
    replan: Callable[[frozenset[int]], Placement] | None = None


class Children:
    """All of them. ``selector`` wakes up when one ends. Times are CLOCK_MONOTONIC, in seconds."""

    def __init__(self, orders: Orders, context: Context, board: Scoreboard, selector: selectors.BaseSelector) -> None:
        self.snapshot = orders.snapshot  #: what those get that start from now on
        self._orders = orders
        self._context = context
        self._board = board
        self._selector = selector
        self._lives = [Life(member) for member in orders.fleet.members]
        elastic = [self._lives[member.index] for member in orders.fleet.elastic]
        self.crew = None if orders.fleet.bounds is None else Crew(elastic, orders.fleet.bounds, self._write)
        self._pinning = None if orders.replan is None else Pinning(self._lives, orders.replan)
        self._looked_at: float | None = None
        self._awake_since = 0.0
        self._lifeline, self._lifeline_end = os.pipe()
        self.control, self._control_end = channel.pair()
        self._pairs = {member.index: channel.pair() for member in orders.fleet.of(Role.SERVER)}
        for life in self._lives:
            self._write(life)

    @property
    def next_start_at(self) -> float | None:
        """Return when the next one is due; ``None`` where all run."""
        return min((life.next_start_at for life in self._lives if life.next_start_at is not None), default=None)

    @property
    def pids(self) -> frozenset[int]:
        """Return the process ids of those that run."""
        return frozenset(running.pid for running in self._running())

    def send(self, role: Role, number: signal.Signals) -> None:
        """Send a signal to all of one role."""
        for life in self._lives:
            if life.member.role is role and life.running is not None:
                life.running.kill(number)

    def kill(self, index: int, incarnation: int) -> None:
        """Kill one, by its index on the scoreboard; it is replaced. Its successor is let alone; 0 is whoever it is."""
        if 0 <= index < len(self._lives):
            life = self._lives[index]
            if life.running is not None and incarnation in (0, life.incarnation):
                life.running.kill(signal.SIGKILL)

    def wish(self, count: int) -> None:
        """Have so many verifiers from now on, where their number changes by itself."""
        if self.crew is not None:
            self.crew.wish(count, time.monotonic())

    def reports(self, role: Role) -> Sequence[Report]:
        """Return what all of one role that run, and have said anything, said last."""
        found = (self._board.child(member.index).report for member in self._orders.fleet.of(role))
        return [report for report in found if report is not None]

    def start_due(self, now: float) -> None:
        """Start those whose time has come."""
        for life in self._lives:
            if life.running is None and life.next_start_at is not None and life.next_start_at <= now:
                self._start(life, now)

    def _start(self, life: Life, now: float) -> None:
        life.begin(now)
        try:
            life.running = launch.start(self._context, self._spec(life))
        except (OSError, EOFError) as error:
            # No more processes allowed, or the fork server was killed this very moment.
            _log.error("%s cannot be started: %s", life.member.name, error)
            self._plan_restart(life, now)
            return
        self._selector.register(life.running.watch, selectors.EVENT_READ, None)
        self._write(life)

    def _spec(self, life: Life) -> ChildSpec:
        orders, ends = self._orders, [self._pairs[index] for index in sorted(self._pairs)]
        if life.member.role is Role.CONTROL:
            channels = (self._control_end, *(control_end for control_end, _ in ends))
        elif life.member.role is Role.SERVER:
            channels = (self._pairs[life.member.index][1],)
        else:
            channels = ()
        return ChildSpec(
            member=life.member,
            incarnation=life.incarnation,
            fleet=orders.fleet,
            shared=orders.shared,
            lifeline=Handle(self._lifeline),
            # Under fork the child has everything that is open here. That end of the lifeline it must not keep.
            foreign=(self._lifeline_end,) if self._context.get_start_method() == "fork" else (),
            snapshot=Handle(self.snapshot.fileno()),
            channels=channels,
            config=orders.config,
            log_level=orders.log_level,
        )

    def reap(self, now: float) -> bool:
        """See to those that have ended; say whether one of them makes it useless to go on."""
        hopeless = False
        for life in self._lives:
            if life.running is not None and life.running.has_ended():
                hopeless |= self._bury(life, life.running, now)
        return hopeless

    def _bury(self, life: Life, running: Running, now: float) -> bool:
        self._selector.unregister(running.watch)
        life.last_exit = running.exit_status()
        running.close()
        life.running = None
        if life.last_exit == UNAVAILABLE and not life.was_ready:
            return True  # it will be the same at every start, and whoever started us wants to know now
        if life.last_exit == LEFT:
            _log.info("%s has left", life.member.name)
            life.rest(now)
            self._write(life)
            return False
        _log.warning("%s ended: %s", life.member.name, _how(life.last_exit))
        self._plan_restart(life, now)
        return False

    def _plan_restart(self, life: Life, now: float) -> None:
        delay = life.plan_restart(now, random.random())  # noqa: S311 - jitter
        if life.backoff.is_loop:
            failures = life.backoff.failures
            _log.error("%s ended %d times in a row; starting again in %.1f s", life.member.name, failures, delay)
        self._write(life)

    def look(self, now: float) -> bool:
        """Kill those whose heart has stopped; forgive those that have run for long. Say whether the look is in time.

        One that comes late judges nobody, and silence is counted anew from it: whoever wakes up after us was frozen, as
        we were.
        """
        late = self._looked_at is not None and now - self._looked_at >= LATE
        self._looked_at = now
        if late:
            self._awake_since = now
            return False
        if self.crew is not None:
            self.crew.look(self._awake_since, now)
        if self._pinning is not None:
            self._pinning.look()
        for life in self._lives:
            if life.running is not None:
                self._look_at(life, life.running, now)
        return True

    def _look_at(self, life: Life, running: Running, now: float) -> None:
        report = self._board.child(life.member.index).report
        if life.hear(report, now):
            self._write(life)
        if not life.is_wanted and report is not None and report.state is State.READY:
            # Not before: until it is ready the signal would end it.
            running.kill(signal.SIGUSR1)
        silent = life.silence(report, self._awake_since, now)
        if silent is not None:
            _log.error("%s has been silent for %.1f s and is killed", life.member.name, silent)
            running.kill(signal.SIGKILL)

    def end(self) -> None:
        """Have all children end, and see that they do."""
        deadline = time.monotonic() + heartbeat.END_SECONDS
        alive = self._running()
        for running in alive:
            running.kill(signal.SIGTERM)
        while alive and time.monotonic() < deadline:
            alive = [running for running in alive if not running.has_ended()]
            time.sleep(0.01)
        for running in alive:
            running.kill(signal.SIGKILL)
        for running in self._running():
            running.process.join(1.0)

    def _running(self) -> list[Running]:
        return [life.running for life in self._lives if life.running is not None]

    def _write(self, life: Life) -> None:
        self._board.write_supervised(life.member.index, life.supervised())


def _how(status: int | None) -> str:
    if status is None:
        return "nobody knows how"
    return f"signal {-status}" if status < 0 else f"exit code {status}"
