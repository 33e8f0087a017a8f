"""What control sees of the verifiers whose number changes: counters, scoreboard and CPUs, between two looks."""

import pytest

from sidecar.memory.counters import CounterTable
from sidecar.memory.scoreboard import Overall, State
from sidecar.observe.pool_meter import PoolMeter
from sidecar.observe.pool_series import Pool
from sidecar.observe.process_meter import CPU_TIME
from sidecar.placement.plan import ANYWHERE, Placement
from sidecar.runtime.control import pool_looks
from sidecar.runtime.control.pool_load import size_of
from sidecar.runtime.control.pool_looks import PoolLooks
from sidecar.runtime.ipc.fleet import fleet_of
from sidecar.runtime.ipc.procfs import ProcessorTimes
from sidecar.sizing.look import Bounds
from support.boards import Shared, report, shared, supervised

#: Control, a server, and two verifiers at most; the last one is not among those whose number changes.
FLEET = fleet_of(Placement((ANYWHERE,), (ANYWHERE,) * 2), jwt_verifiers=1, bounds=Bounds(1, 1, 1))


class _Machine:
    """A clock and processors that say what a test says."""

    now = 100.0
    times: ProcessorTimes | None = None


def _looks(one: Shared, machine: _Machine, cpus: float = 4.0) -> PoolLooks:
    return PoolLooks(
        FLEET, one.scoreboard, one.table, cpus=lambda: cpus, machine=lambda: machine.times, clock=lambda: machine.now
    )


def _well(one: Shared) -> None:
    one.scoreboard.write_overall(Overall(1, 100.0, 1, wanted=1))
    one.scoreboard.write_supervised(2, supervised())
    one.scoreboard.write_report(2, report())


def test_what_was_done_in_between() -> None:
    """Work and waits are those of the verifiers in question alone; CPU time is everybody's."""
    machine = _Machine()
    with shared() as one:
        _well(one)
        looks = _looks(one, machine)
        for index in (2, 3):
            PoolMeter(one.table.row(index), Pool.VERIFIER).worked(1, 7.0)
        assert looks.look() is None
        machine.now += 2.0
        for index, seconds in ((2, 1.5), (3, 2.0)):
            meter = PoolMeter(one.table.row(index), Pool.VERIFIER)
            meter.worked(3, seconds)
            meter.waited(0.0004 if index == 2 else 0.2)
        for index in range(4):
            one.table.row(index).add(CPU_TIME, 10**9)
        found = looks.look()
    assert found is not None
    assert (found.at, found.wanted, found.up, found.restarts, found.crash_loop) == (102.0, 1, 1, 2, False)
    assert (found.busy, found.cpus, found.idle_cpus) == (0.75, 4.0, 2.0)
    assert found.wait_p99 == pytest.approx(0.0005, abs=0.0001)


def test_names_of_counters_are_left_to_the_thread_that_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked in a thread of its own, and takes in no names as they occur."""

    def never(_: CounterTable) -> None:
        raise AssertionError

    machine = _Machine()
    monkeypatch.setattr(CounterTable, "totals", never)
    with shared() as one:
        _well(one)
        looks = _looks(one, machine)
        looks.look()
        machine.now += 1.0
        assert looks.look() is not None


@pytest.mark.parametrize(("busy", "idle"), [(100, 3.0), (400, 0.0), (0, 3.5)])
def test_what_the_machine_has_left_bounds_it(busy: int, idle: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Idle is what is left of our CPUs, and at most what the whole machine has left."""
    monkeypatch.setattr(pool_looks, "machine_cpus", lambda: 4)
    machine = _Machine()
    machine.times = ProcessorTimes(0, 0)
    with shared() as one:
        _well(one)
        looks = _looks(one, machine, cpus=3.5)
        looks.look()
        machine.now, machine.times = machine.now + 1.0, ProcessorTimes(busy, 400)
        found = looks.look()
    assert found is not None
    assert found.idle_cpus == pytest.approx(idle)


def test_nothing_is_seen_without_the_supervisor() -> None:
    """Where nobody says how many there are to be, nothing can be decided."""
    machine = _Machine()
    with shared() as one:
        looks = _looks(one, machine)
        looks.look()
        machine.now += 1.0
        assert looks.look() is None
        assert size_of(FLEET, one.scoreboard) is None


def test_one_that_leaves_is_not_up() -> None:
    """One that is on its way out takes no work."""
    machine = _Machine()
    with shared() as one:
        _well(one)
        one.scoreboard.write_report(2, report(state=State.DRAINING))
        looks = _looks(one, machine)
        looks.look()
        machine.now += 1.0
        found = looks.look()
    assert found is not None
    assert found.up == 0
