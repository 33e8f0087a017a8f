"""Whom the supervisor kills, and whom it does not: told the time, without any process."""

import os
import selectors
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from typing import cast

import pytest

from sidecar.memory.scoreboard import Report, Scoreboard, State
from sidecar.placement.plan import ANYWHERE, Placement
from sidecar.runtime.ipc.blob import store
from sidecar.runtime.ipc.fleet import fleet_of
from sidecar.runtime.ipc.handles import Handle
from sidecar.runtime.ipc.heartbeat import PATIENCE, START_PATIENCE
from sidecar.runtime.ipc.shared import make_shared, open_board
from sidecar.runtime.supervision.children import LATE, Children, Orders
from sidecar.runtime.supervision.launch import Running, context_for


class _Noting(Running):
    """A process that there is not: it notes the signals it gets."""

    def __init__(self) -> None:
        super().__init__(cast("BaseProcess", None), 0, -1)
        self.signals: list[int] = []

    def kill(self, number: int) -> None:
        self.signals.append(number)


@dataclass
class Scene:
    """Children, of whom ``server`` (index 1) runs in its third incarnation since 100.0."""

    children: Children
    board: Scoreboard
    server: _Noting = field(default_factory=_Noting)

    def __post_init__(self) -> None:
        """Have it run."""
        life = self.children._lives[1]
        life.running, life.incarnation, life.started_at = self.server, 3, 100.0
        self.children._write(life)

    def beat(self, now: float) -> None:
        """Have the server say that it is well."""
        self.board.write_report(1, Report(3, State.READY, now))

    def look(self, *times: float) -> None:
        """Look at these times."""
        for now in times:
            self.children.look(now)


@pytest.fixture
def scene() -> Iterator[Scene]:
    """Return it."""
    fleet = fleet_of(Placement((ANYWHERE,), ()), 0)
    with ExitStack() as stack:
        snapshot, selector = stack.enter_context(store(b"")), stack.enter_context(selectors.DefaultSelector())
        shared = make_shared(fleet, 1 << 20)
        orders = Orders(fleet, shared, snapshot, "authz.yaml", "info", 10.0)
        board = open_board(stack.enter_context(Handle(os.dup(shared.board.fd)).open()), fleet)[0]
        children = Children(orders, context_for("spawn"), board, selector)
        for end in (children.control, children._control_end, *children._pairs[1]):
            stack.enter_context(end)
        for fd in (children._lifeline, children._lifeline_end):
            stack.callback(os.close, fd)
        yield Scene(children, board)


@pytest.mark.parametrize(
    ("is_wanted", "state", "signals"),
    [
        (False, State.READY, [signal.SIGUSR1]),
        (False, State.STARTING, []),
        (False, State.DRAINING, []),
        (True, State.READY, []),
    ],
)
def test_who_is_not_wanted_is_told_to_leave(scene: Scene, *, is_wanted: bool, state: State, signals: list[int]) -> None:
    """Once it is ready: before that the signal would end it, and after that it knows."""
    scene.children._lives[1].is_wanted = is_wanted
    scene.board.write_report(1, Report(3, state, 100.0))
    scene.look(100.0)
    assert scene.server.signals == signals


def _ticks(begin: float, end: float) -> list[float]:
    return [begin + 0.25 * number for number in range(round((end - begin) / 0.25) + 1)]


def test_silent_child_is_killed(scene: Scene) -> None:
    """Who says nothing for longer than the patience is killed, at the first look after it."""
    scene.beat(100.0)
    scene.look(*_ticks(100.0, 100.0 + PATIENCE))
    assert scene.server.signals == []
    scene.look(100.25 + PATIENCE)
    assert scene.server.signals == [signal.SIGKILL]


def test_child_that_never_spoke_has_longer(scene: Scene) -> None:
    """Before its first word a child has the patience of a start."""
    scene.look(*_ticks(100.0, 100.0 + START_PATIENCE))
    assert scene.server.signals == []
    scene.look(100.25 + START_PATIENCE)
    assert scene.server.signals == [signal.SIGKILL]


def test_frozen_machine_is_nobody_s_silence(scene: Scene) -> None:
    """After all stood still, children have the whole patience anew from the supervisor's first look on."""
    scene.beat(100.0)
    scene.look(100.0)
    thawed = 100.0 + 10 * PATIENCE
    assert thawed - 100.0 > LATE
    scene.look(*_ticks(thawed, thawed + PATIENCE))
    assert scene.server.signals == []
    scene.look(thawed + PATIENCE + 0.25)
    assert scene.server.signals == [signal.SIGKILL]


def test_child_that_wakes_up_after_us_lives(scene: Scene) -> None:
    """A child that speaks again some time after the supervisor's waking up is not killed."""
    scene.beat(100.0)
    scene.look(100.0)
    scene.look(*_ticks(200.0, 202.0))
    scene.beat(202.0)
    scene.look(*_ticks(202.25, 202.0 + PATIENCE))
    assert scene.server.signals == []


@pytest.mark.parametrize(("incarnation", "signals"), [(3, [signal.SIGKILL]), (0, [signal.SIGKILL]), (2, []), (4, [])])
def test_only_who_was_meant_is_killed(scene: Scene, incarnation: int, signals: list[int]) -> None:
    """A child is killed at control's word if it is the incarnation that control means; 0 is whoever it is."""
    scene.children.kill(1, incarnation)
    assert scene.server.signals == signals
    for index in (-1, 2, 1 << 40):
        scene.children.kill(index, 0)
    assert scene.server.signals == signals
