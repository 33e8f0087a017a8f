"""What the verifiers for everything did since the last look, out of counters, scoreboard and ``/proc/stat``."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sidecar.memory.counters import CounterTable
from sidecar.memory.scoreboard import Scoreboard
from sidecar.observe.children import is_up
from sidecar.observe.family import NANOSECONDS
from sidecar.observe.pool_meter import POOL_BUSY, POOL_WAIT
from sidecar.observe.pool_series import WAIT, Pool
from sidecar.observe.process_meter import CPU_TIME
from sidecar.placement.allowance import read_allowance
from sidecar.placement.apply import machine_cpus
from sidecar.report.difference import added, grown_histogram, quantile
from sidecar.report.sample import Histogram
from sidecar.runtime.ipc.fleet import Fleet, Member
from sidecar.runtime.ipc.procfs import ProcessorTimes, processor_times
from sidecar.sizing.look import Look


@dataclass(frozen=True, slots=True)
class _Totals:
    """What only grows, at one instant."""

    at: float
    busy: float  #: seconds that the verifiers worked
    waits: Histogram
    cpu: float  #: seconds of all our processes
    machine: ProcessorTimes | None


class PoolLooks:
    """Looks at the verifiers of ``fleet`` whose number changes by itself. ``cpus`` returns how many may be used."""

    def __init__(  # noqa: PLR0913 - what there is to look at, once
        self,
        fleet: Fleet,
        board: Scoreboard,
        table: CounterTable,
        *,
        cpus: Callable[[], float] = lambda: read_allowance().usable,
        machine: Callable[[], ProcessorTimes | None] = processor_times,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._elastic, self._board, self._table = fleet.elastic, board, table
        self._everybody = fleet.members
        self._cpus, self._machine, self._clock = cpus, machine, clock
        self._before: _Totals | None = None

    def look(self) -> Look | None:
        """Look; ``None`` the first time, and where the supervisor has not said how many there are to be."""
        now, before, overall = self._totals(), self._before, self._board.overall()
        self._before = now
        if before is None or overall is None or not overall.wanted or now.at <= before.at:
            return None
        seconds, cpus = now.at - before.at, self._cpus()
        children = [self._board.child(member.index) for member in self._elastic]
        told = [child.supervised for child in children if child.supervised is not None]
        return Look(
            at=now.at,
            wanted=overall.wanted,
            up=sum(is_up(child) for child in children),
            restarts=sum(one.restarts for one in told),
            crash_loop=any(one.crash_loop for one in told),
            busy=max(0.0, now.busy - before.busy) / seconds,
            wait_p99=quantile(grown_histogram(now.waits, before.waits), 0.99),
            idle_cpus=_idle(before, now, cpus),
            cpus=cpus,
        )

    def _totals(self) -> _Totals:
        waits = added(self._waits(member) for member in self._elastic)
        return _Totals(
            at=self._clock(),
            busy=sum(self._word(member, POOL_BUSY[Pool.VERIFIER]) for member in self._elastic) * NANOSECONDS,
            waits=waits or Histogram(WAIT.bounds, (), 0.0),
            cpu=sum(self._word(member, CPU_TIME) for member in self._everybody) * NANOSECONDS,
            machine=self._machine(),
        )

    def _word(self, member: Member, index: int) -> int:
        return self._table.row(member.index).words[index]

    def _waits(self, member: Member) -> Histogram:
        # Not the whole row: names that occur in it are for the thread that counts.
        row = self._table.row(member.index)
        start, bounds, total = row.place(POOL_WAIT[Pool.VERIFIER])
        return Histogram(bounds, tuple(row.words[start:total].tolist()), row.sums[total])


def _idle(before: _Totals, now: _Totals, cpus: float) -> float:
    """Return what is left of our CPUs, and at most what the whole machine has left, where that is known."""
    ours = max(0.0, cpus - (now.cpu - before.cpu) / (now.at - before.at))
    if before.machine is None or now.machine is None or now.machine.total <= before.machine.total:
        return ours
    busy = (now.machine.busy - before.machine.busy) / (now.machine.total - before.machine.total)
    return min(ours, machine_cpus() * max(0.0, 1 - busy))
