"""The supervisor: starts the children, starts them again, and ends them. Nothing else.

One thread and one loop: it waits for a signal, the end of a child, a word from control, or the next look at the
heartbeats. It parses nothing that comes from outside and never imports grpc (a test), so that there is little in it
that could fail; when it is killed all the same, the children end with it.
"""

import logging
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable

from sidecar.memory.scoreboard import Overall
from sidecar.runtime.ipc.fleet import Role
from sidecar.runtime.ipc.handles import Handle
from sidecar.runtime.ipc.heartbeat import END_SECONDS
from sidecar.runtime.ipc.shared import open_board
from sidecar.runtime.supervision.child import UNAVAILABLE
from sidecar.runtime.supervision.children import Children, Orders
from sidecar.runtime.supervision.hearing import Hearing
from sidecar.runtime.supervision.launch import Context
from sidecar.runtime.supervision.orphans import reap_orphans

#: Seconds between two looks at the heartbeats.
TICK = 0.25

_log = logging.getLogger(__name__)


class Supervisor:
    """``run`` it, once."""

    def __init__(self, orders: Orders, context: Context) -> None:
        self._grace = orders.grace
        self._board = open_board(Handle(os.dup(orders.shared.board.fd)).open(), orders.fleet)[0]
        self._selector = selectors.DefaultSelector()
        self._children = Children(orders, context, self._board, self._selector)
        self._hearing = Hearing(self._children)
        self._signals, self._signals_end = socket.socketpair()
        self._is_over = False
        self._exit_code = 0
        #: From when on, and until when, all of it is on its way out.
        self._drain_times: tuple[float, float] | None = None
        self._handlers: dict[int, Callable[[], None]] = {
            signal.SIGTERM: self._drain,
            signal.SIGINT: self._drain,
            signal.SIGHUP: lambda: self._children.send(Role.CONTROL, signal.SIGHUP),
            signal.SIGCHLD: self._reap_orphans,
        }

    def run(self) -> int:
        """Supervise until SIGTERM or SIGINT, and return the exit code. Whatever it raises, the children are ended."""
        try:
            self._listen()
            while not self._is_over:
                self._turn()
        finally:
            self._children.end()
        return self._exit_code

    def _turn(self) -> None:
        now = time.monotonic()
        self._write_overall(now)
        self._children.start_due(now)
        if self._children.look(now):
            self._end_drain(now)
        self._wait(now)
        if self._children.reap(time.monotonic()):
            self._exit_code, self._is_over = UNAVAILABLE, True

    def _listen(self) -> None:
        for end in (self._signals_end, self._signals):
            end.setblocking(False)  # noqa: FBT003 - positional only
        signal.set_wakeup_fd(self._signals_end.fileno(), warn_on_full_buffer=False)
        for number in self._handlers:
            # A handler must be there for the number to be written to the pipe; what it does is done in the loop.
            signal.signal(number, lambda _number, _frame: None)
        self._selector.register(self._signals, selectors.EVENT_READ, self._take_signals)
        self._selector.register(self._children.control, selectors.EVENT_READ, self._hearing.hear)

    def _wait(self, now: float) -> None:
        due = self._children.next_start_at
        for key, _ in self._selector.select(TICK if due is None else max(0.0, min(TICK, due - now))):
            if callable(key.data):
                key.data()

    def _take_signals(self) -> None:
        for number in self._signals.recv(64):
            if number in self._handlers:
                self._handlers[number]()

    def _reap_orphans(self) -> None:
        reap_orphans(self._children.pids)

    def _drain(self) -> None:
        now = time.monotonic()
        if self._drain_times is not None:
            self._is_over = True  # asked twice
            return
        _log.info("draining, up to %g s", self._grace)
        self._drain_times = now, now + max(0.0, self._grace - END_SECONDS)
        self._write_overall(now)

    def _end_drain(self, now: float) -> None:
        """Go on to the end once Envoy's connections are closed: all NOT_SERVING would leave it nowhere to go."""
        if self._drain_times is None:
            return
        began, until = self._drain_times
        reports = self._children.reports(Role.SERVER)
        # What was said before the drain began may be about connections that were not there yet.
        idle = all(report.heartbeat_at > began and not report.connections for report in reports)
        self._is_over |= idle or now >= until

    def _write_overall(self, now: float) -> None:
        draining = self._drain_times is not None
        crew = self._children.crew
        counts = () if crew is None else (crew.wanted, crew.grown, crew.shrunk)
        self._board.write_overall(Overall(os.getpid(), now, self._hearing.generation, draining, *counts))
