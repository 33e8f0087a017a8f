"""The supervisor: starts the children, starts them again, and ends them. Nothing else.

One thread and one loop: it waits for a signal, the end of a child, a word from control, or the next look at the
heartbeats. It parses nothing that comes from outside and never imports grpc (a test), so that there is little in it
that could fail; when it is killed all the same, the children end with it.
"""

import logging
import os
import random
import selectors
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sidecar.memory.scoreboard import Overall, Scoreboard, State, Supervised
from sidecar.memory.segment import Segment
from sidecar.runtime import channel, heartbeat, launch
from sidecar.runtime.backoff import Backoff
from sidecar.runtime.child import UNAVAILABLE, ChildSpec
from sidecar.runtime.fleet import Fleet, Member, Role
from sidecar.runtime.handles import Handle
from sidecar.runtime.launch import Context, Running
from sidecar.runtime.shared import Shared, open_board

#: Seconds between two looks at the heartbeats.
TICK = 0.25
#: A look that comes so late was not the children's fault: the whole machine, or container, stood still.
LATE = 1.0
#: Of the grace, seconds that are kept for ending what is left.
RESERVE = 2.0

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Child:
    member: Member
    backoff: Backoff = field(default_factory=Backoff)
    running: Running | None = None
    incarnation: int = 0
    restarts: int = 0
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


class Supervisor:
    """``run`` it, once."""

    def __init__(self, orders: Orders, context: Context) -> None:
        self._orders = orders
        self._context = context
        self._board: Scoreboard = open_board(Handle(os.dup(orders.shared.board.fd)).open(), orders.fleet)[0]
        self._snapshot = orders.snapshot
        self._generation = 0
        self._children = [_Child(member) for member in orders.fleet.members]
        self._lifeline, self._lifeline_end = os.pipe()
        self._control, self._control_end = channel.pair()
        self._pairs = {member.index: channel.pair() for member in orders.fleet.of(Role.SERVER)}
        self._from_control = channel.Channel(self._control)
        self._signals, self._signals_end = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._terminate_at: float | None = None
        self._draining = False
        self._drain_began = self._drain_until = 0.0
        self._exit_code = 0
        self._handlers: dict[int, Callable[[], None]] = {
            signal.SIGTERM: self._drain,
            signal.SIGINT: self._drain,
            signal.SIGHUP: self._forward_reload,
        }

    def run(self) -> int:
        """Supervise until SIGTERM or SIGINT, and return the exit code."""
        self._listen()
        self._write_overall(time.monotonic())
        for child in self._children:
            self._write(child)
        last = time.monotonic()
        while not self._is_over():
            now = time.monotonic()
            self._start_due(now)
            self._write_overall(now)
            if now - last < LATE:
                self._kill_the_silent(now)
                self._end_drain(now)
            last = now
            self._wait(now)
            self._reap(time.monotonic())
        self._stop_all()
        return self._exit_code

    def _listen(self) -> None:
        for end in (self._signals_end, self._signals):
            end.setblocking(False)  # noqa: FBT003 - positional only
        signal.set_wakeup_fd(self._signals_end.fileno(), warn_on_full_buffer=False)
        for number in (*self._handlers, signal.SIGCHLD):
            # A handler must be there for the number to be written to the pipe; what it does is done in the loop.
            signal.signal(number, lambda _number, _frame: None)
        self._selector.register(self._signals, selectors.EVENT_READ, self._take_signals)
        self._selector.register(self._control, selectors.EVENT_READ, self._hear_control)

    def _wait(self, now: float) -> None:
        starts = [child.next_start_at for child in self._children if child.next_start_at is not None]
        for key, _ in self._selector.select(max(0.0, min([TICK, *(at - now for at in starts)]))):
            if callable(key.data):
                key.data()

    def _take_signals(self) -> None:
        for number in self._signals.recv(64):
            if number in self._handlers:
                self._handlers[number]()

    # --- children

    def _start_due(self, now: float) -> None:
        for child in self._children:
            if child.running is None and child.next_start_at is not None and child.next_start_at <= now:
                self._start(child, now)

    def _start(self, child: _Child, now: float) -> None:
        child.incarnation += 1
        child.restarts = child.incarnation - 1
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
            snapshot=Handle(self._snapshot.fileno()),
            channels=channels,
            config=orders.config,
            log_level=orders.log_level,
        )

    def _reap(self, now: float) -> None:
        for child in self._children:
            if child.running is not None and child.running.has_ended():
                self._bury(child, child.running, now)

    def _bury(self, child: _Child, running: Running, now: float) -> None:
        self._selector.unregister(running.watch)
        child.last_exit = running.exit_status()
        running.close()
        child.running = None
        if child.last_exit == UNAVAILABLE and not child.was_ready:
            # It will be the same at every start; whoever started us wants to know now.
            self._exit_code, self._terminate_at = UNAVAILABLE, now
            return
        _log.warning("%s ended: %s", child.member.name, _how(child.last_exit))
        self._plan_restart(child, now)

    def _plan_restart(self, child: _Child, now: float) -> None:
        child.backoff = child.backoff.ended(now - child.started_at)
        delay = child.backoff.delay(random.random())  # noqa: S311 - jitter
        child.next_start_at = now + delay
        if child.backoff.is_loop:
            failures = child.backoff.failures
            _log.error("%s ended %d times in a row; starting again in %.1f s", child.member.name, failures, delay)
        self._write(child)

    def _kill_the_silent(self, now: float) -> None:
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

    # --- reload

    def _forward_reload(self) -> None:
        for child in self._children:
            if child.member.role is Role.CONTROL and child.running is not None:
                child.running.kill(signal.SIGHUP)

    def _hear_control(self) -> None:
        while (message := self._from_control.receive()) is not None:
            if message.kind is channel.Kind.KEEP and len(message.descriptors) == 1:
                old, self._snapshot = self._snapshot, Handle(message.descriptors[0]).open()
                old.close()
                self._generation = message.generation
            elif message.kind is channel.Kind.REPLACE and message.generation < len(self._children):
                running = self._children[message.generation].running
                if running is not None:
                    running.kill(signal.SIGKILL)

    # --- the end

    def _drain(self) -> None:
        now = time.monotonic()
        if self._draining:
            self._terminate_at = now  # asked twice
            return
        _log.info("draining, up to %g s", self._orders.grace)
        self._draining = True
        self._terminate_at = None
        self._drain_until = now + max(0.0, self._orders.grace - RESERVE)
        self._drain_began = now
        self._write_overall(now)

    def _end_drain(self, now: float) -> None:
        """Go on to the end once Envoy's connections are closed: all NOT_SERVING would leave it nowhere to go."""
        if not self._draining or self._terminate_at is not None:
            return
        reports = [self._board.child(member.index).report for member in self._orders.fleet.of(Role.SERVER)]
        # What was said before the drain began may be about connections that were not there yet.
        fresh = all(report is None or report.heartbeat_at > self._drain_began for report in reports)
        idle = fresh and not any(report.connections for report in reports if report is not None)
        if idle or now >= self._drain_until:
            self._terminate_at = now

    def _is_over(self) -> bool:
        return self._terminate_at is not None

    def _stop_all(self) -> None:
        """Have all children end, and see that they do."""
        deadline = time.monotonic() + RESERVE
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

    # --- what others see

    def _write_overall(self, now: float) -> None:
        self._board.write_overall(Overall(os.getpid(), now, self._generation, self._draining))

    def _write(self, child: _Child) -> None:
        self._board.write_supervised(
            child.member.index,
            Supervised(
                pid=child.running.pid if child.running else None,
                incarnation=child.incarnation,
                restarts=child.restarts,
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
