"""The supervisor's children: started, watched, started again, and ended in the end."""

import logging
import os
import random
import selectors
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from sidecar.memory.scoreboard import Report, Scoreboard, State, Supervised
from sidecar.memory.segment import Segment
from sidecar.runtime import channel, heartbeat, launch
from sidecar.runtime.backoff import Backoff
from sidecar.runtime.child import UNAVAILABLE, ChildSpec
from sidecar.runtime.fleet import Fleet, Member, Role
from sidecar.runtime.handles import Handle
from sidecar.runtime.launch import Context, Running
from sidecar.runtime.shared import Shared

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Child:
    member: Member
    backoff: Backoff = field(default_factory=Backoff)
    running: Running | None = None
    incarnation: int = 0
    started_at: float = 0.0
    next_start_at: float | None = 0.0
    last_exit: int | None = None
    was_ready: bool = False


@dataclass(frozen=True, slots=True)
class Orders:
    """What the supervisor is told at its start."""

    fleet: Fleet
    shared: Shared
    snapshot: Segment
    config: str
    log_level: str
    grace: float  #: seconds from SIGTERM to the end


class Children:
    """All of them. ``selector`` wakes up when one ends. Times are CLOCK_MONOTONIC, in seconds."""

    def __init__(self, orders: Orders, context: Context, board: Scoreboard, selector: selectors.BaseSelector) -> None:
        self.snapshot = orders.snapshot  #: what those get that start from now on
        self._orders = orders
        self._context = context
        self._board = board
        self._selector = selector
        self._children = [_Child(member) for member in orders.fleet.members]
        self._lifeline, self._lifeline_end = os.pipe()
        self.control, self._control_end = channel.pair()
        self._pairs = {member.index: channel.pair() for member in orders.fleet.of(Role.SERVER)}
        for child in self._children:
            self._write(child)

    @property
    def next_start_at(self) -> float | None:
        """Return when the next one is due; ``None`` where all run."""
        return min((child.next_start_at for child in self._children if child.next_start_at is not None), default=None)

    def send(self, role: Role, number: signal.Signals) -> None:
        """Send a signal to all of one role."""
        for child in self._children:
            if child.member.role is role and child.running is not None:
                child.running.kill(number)

    def kill(self, index: int) -> None:
        """Kill one, by its index on the scoreboard; it is replaced."""
        if 0 <= index < len(self._children):
            running = self._children[index].running
            if running is not None:
                running.kill(signal.SIGKILL)

    def reports(self, role: Role) -> Sequence[Report]:
        """Return what all of one role that run, and have said anything, said last."""
        found = (self._board.child(member.index).report for member in self._orders.fleet.of(role))
        return [report for report in found if report is not None]

    def start_due(self, now: float) -> None:
        """Start those whose time has come."""
        for child in self._children:
            if child.running is None and child.next_start_at is not None and child.next_start_at <= now:
                self._start(child, now)

    def _start(self, child: _Child, now: float) -> None:
        child.incarnation += 1
        child.started_at, child.next_start_at = now, None
        try:
            child.running = launch.start(self._context, self._spec(child))
        except (OSError, EOFError) as error:
            # No more processes allowed, or the fork server was killed this very moment.
            _log.error("%s cannot be started: %s", child.member.name, error)
            self._plan_restart(child, now)
            return
        self._selector.register(child.running.watch, selectors.EVENT_READ, None)
        self._write(child)

    def _spec(self, child: _Child) -> ChildSpec:
        orders, ends = self._orders, [self._pairs[index] for index in sorted(self._pairs)]
        if child.member.role is Role.CONTROL:
            channels = (self._control_end, *(control_end for control_end, _ in ends))
        elif child.member.role is Role.SERVER:
            channels = (self._pairs[child.member.index][1],)
        else:
            channels = ()
        return ChildSpec(
            member=child.member,
            incarnation=child.incarnation,
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
        for child in self._children:
            if child.running is not None and child.running.has_ended():
                hopeless |= self._bury(child, child.running, now)
        return hopeless

    def _bury(self, child: _Child, running: Running, now: float) -> bool:
        self._selector.unregister(running.watch)
        child.last_exit = running.exit_status()
        running.close()
        child.running = None
        if child.last_exit == UNAVAILABLE and not child.was_ready:
            return True  # it will be the same at every start, and whoever started us wants to know now
        _log.warning("%s ended: %s", child.member.name, _how(child.last_exit))
        self._plan_restart(child, now)
        return False

    def _plan_restart(self, child: _Child, now: float) -> None:
        child.backoff = child.backoff.ended(now - child.started_at)
        delay = child.backoff.delay(random.random())  # noqa: S311 - jitter
        child.next_start_at = now + delay
        if child.backoff.is_loop:
            failures = child.backoff.failures
            _log.error("%s ended %d times in a row; starting again in %.1f s", child.member.name, failures, delay)
        self._write(child)

    def kill_the_silent(self, now: float) -> None:
        """Kill those whose heart has stopped; forgive those that have run for long."""
        for child in self._children:
            if child.running is None:
                continue
            report = self._board.child(child.member.index).report
            child.was_ready |= report is not None and report.state is State.READY
            recovered = child.backoff.recovered(now - child.started_at)
            if recovered != child.backoff:
                child.backoff = recovered
                self._write(child)
            since, patience = child.started_at, heartbeat.START_PATIENCE
            if report is not None:
                since, patience = report.heartbeat_at, heartbeat.PATIENCE
            if now - since > patience:
                _log.error("%s has been silent for %.1f s and is killed", child.member.name, now - since)
                child.running.kill(signal.SIGKILL)

    def end(self) -> None:
        """Have all children end, and see that they do."""
        deadline = time.monotonic() + heartbeat.END_SECONDS
        alive = [child.running for child in self._children if child.running is not None]
        for running in alive:
            running.kill(signal.SIGTERM)
        while alive and time.monotonic() < deadline:
            alive = [running for running in alive if not running.has_ended()]
            time.sleep(0.01)
        for running in alive:
            running.kill(signal.SIGKILL)
        for child in self._children:
            if child.running is not None:
                child.running.process.join(1.0)

    def _write(self, child: _Child) -> None:
        self._board.write_supervised(
            child.member.index,
            Supervised(
                pid=child.running.pid if child.running else None,
                incarnation=child.incarnation,
                restarts=max(0, child.incarnation - 1),
                crash_loop=child.backoff.is_loop,
                started_at=child.started_at if child.incarnation else None,
                next_start_at=child.next_start_at if child.incarnation else None,
                last_exit=child.last_exit,
            ),
        )


def _how(status: int | None) -> str:
    if status is None:
        return "nobody knows how"
    return f"signal {-status}" if status < 0 else f"exit code {status}"
