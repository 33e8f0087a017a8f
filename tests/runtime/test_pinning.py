"""Processes are kept on CPUs of their own, when others are given: values first, then processes with threads."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sidecar.placement.apply import PinError, allowed_cpus, cpus_of, move
from sidecar.placement.machine import flat
from sidecar.placement.plan import Placement, plan
from sidecar.runtime.ipc.fleet import Fleet, Role, fleet_of
from sidecar.runtime.supervision import pinning
from sidecar.runtime.supervision.life import Life
from sidecar.runtime.supervision.pinning import Pinning

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="affinity is Linux's")


def _placed(cpus: frozenset[int]) -> Placement:
    return plan(flat(cpus), cpus, 2, 1, affinity=True, numa=False)


class Scene:
    """Control, two servers and a verifier, on CPUs that a test gives; whoever is moved is written down."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cpus = frozenset({0, 1, 2})
        self.fleet: Fleet = fleet_of(_placed(self.cpus), 0)
        self.lives = [Life(member) for member in self.fleet.members]
        self.on: dict[int, frozenset[int]] = {}
        self.refused: set[int] = set()
        for life in self.lives:
            life.running = cast("Any", SimpleNamespace(pid=100 + life.member.index))
            self.on[100 + life.member.index] = life.member.place.cpus or self.cpus
        monkeypatch.setattr(pinning, "cpus_of", self.on.get)
        monkeypatch.setattr(pinning, "move", self._move)
        self.pinning = Pinning(self.lives, _placed, lambda: self.cpus)

    def _move(self, pid: int, cpus: frozenset[int]) -> None:
        if pid in self.refused:
            raise PinError("no")
        self.on[pid] = cpus

    def of(self, role: Role) -> list[frozenset[int]]:
        """Return where those of a role are."""
        return [self.on[100 + member.index] for member in self.fleet.of(role)]


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Return one."""
    return Scene(monkeypatch)


def test_nothing_changes(scene: Scene) -> None:
    """As long as the CPUs are the same nobody is moved."""
    before = dict(scene.on)
    scene.pinning.look()
    assert scene.on == before


def test_other_cpus(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """Servers and verifiers go where a plan of the new ones has them; control is not pinned, and stays."""
    caplog.set_level("INFO")
    scene.cpus = frozenset({4, 5, 6})
    scene.pinning.look()
    assert scene.of(Role.SERVER) == [{4}, {5}]
    assert scene.of(Role.VERIFIER) == [{6}]
    assert scene.of(Role.CONTROL) == [{0, 1, 2}]
    assert "CPUs 4-6 may be used, instead of 0-2" in caplog.text
    assert [life.member.place.cpus for life in scene.lives] == [None, *map(frozenset, ({4}, {5}, {6}))]


def test_fewer_and_more_again(scene: Scene) -> None:
    """On a single CPU all share it; when others are back each has its own."""
    scene.cpus = frozenset({1})
    scene.pinning.look()
    assert scene.of(Role.SERVER) + scene.of(Role.VERIFIER) == [{1}] * 3
    scene.cpus = frozenset({0, 1, 2})
    scene.pinning.look()
    assert scene.of(Role.SERVER) + scene.of(Role.VERIFIER) == [{0}, {1}, {2}]


def test_whoever_is_elsewhere_is_moved(scene: Scene) -> None:
    """One that pinned itself to where it was to be before, or that the kernel put anywhere, comes back."""
    server = scene.fleet.of(Role.SERVER)[0].index + 100
    scene.on[server] = frozenset({0, 1, 2})
    scene.pinning.look()
    assert scene.on[server] == {0}


def test_who_has_ended_is_let_be(scene: Scene) -> None:
    """Neither who does not run, nor who ended a moment ago, is looked for."""
    first, second = (scene.lives[member.index] for member in scene.fleet.of(Role.SERVER))
    first.running = None
    del scene.on[100 + second.member.index]
    scene.cpus = frozenset({4})
    scene.pinning.look()
    assert scene.of(Role.VERIFIER) == [{4}]
    assert first.member.place.cpus == frozenset({4})


def test_what_cannot_be_is_said_once(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """It is tried at each look, and said once for each place."""
    server = scene.fleet.of(Role.SERVER)[0].index + 100
    scene.refused.add(server)
    scene.cpus = frozenset({4, 5, 6})
    for _ in range(3):
        scene.pinning.look()
    assert caplog.text.count("server-0 runs where it is") == 1
    scene.refused.clear()
    scene.pinning.look()
    assert scene.on[server] == {4}


_THREADS = """
import sys, threading
stop = threading.Event()
for _ in range(3):
    threading.Thread(target=stop.wait).start()
print("there", flush=True)
sys.stdin.read()
stop.set()
"""


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """Return a process with four threads."""
    command = [sys.executable, "-c", _THREADS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:  # noqa: S603 - our own
        assert running.stdout is not None
        assert running.stdout.readline() == b"there\n"
        yield running
        assert running.stdin is not None
        running.stdin.close()


def test_all_threads_are_moved(process: subprocess.Popen[bytes]) -> None:
    """Each of them, not only the first."""
    wanted = frozenset({max(allowed_cpus())})
    move(process.pid, wanted)
    threads = [int(one.name) for one in Path(f"/proc/{process.pid}/task").iterdir()]
    assert len(threads) == 4
    assert {frozenset(os.sched_getaffinity(thread)) for thread in threads} == {wanted}
    assert cpus_of(process.pid) == wanted


def test_cpu_that_there_is_not(process: subprocess.Popen[bytes]) -> None:
    """It is refused, and the process runs where it was."""
    before = cpus_of(process.pid)
    with pytest.raises(PinError, match=f"cannot move process {process.pid} to CPUs"):
        move(process.pid, {1023})
    assert cpus_of(process.pid) == before


def test_process_that_has_ended() -> None:
    """Nothing is moved, and nothing is wrong."""
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    move(ended.pid, {0})
    assert cpus_of(ended.pid) is None
