"""What control looks at every few seconds, for the metrics: how busy pools and machine are, and memory."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Final

from sidecar.memory.counters import CounterTable
from sidecar.memory.scoreboard import Scoreboard
from sidecar.memory.vitals import Vitals
from sidecar.observe.family import NANOSECONDS
from sidecar.observe.pool_meter import POOL_BUSY
from sidecar.observe.process_meter import CPU_TIME
from sidecar.observe.processes import ProcessFacts
from sidecar.observe.usage import Sample, Usage
from sidecar.runtime.control.certificates import OwnCertificates
from sidecar.runtime.ipc.fleet import Fleet, Member, Role
from sidecar.runtime.ipc.procfs import (
    ProcessorTimes,
    cpu_seconds,
    processor_times,
    proportional_bytes,
    resident_bytes,
)

#: Seconds between two looks.
EVERY: Final = 5.0
#: Those that have an event loop.
_LOOPS: Final = frozenset({Role.CONTROL, Role.SERVER})
_SUPERVISOR: Final = "supervisor"

_log = logging.getLogger(__name__)


class UsageWatch:
    """``usage`` is of pools and machine, ``certificates`` of our own listeners; ``follow`` it in a task."""

    def __init__(self, fleet: Fleet, board: Scoreboard, table: CounterTable, certificates: OwnCertificates) -> None:
        self.usage = Usage()
        self.certificates = certificates
        self._fleet, self._board, self._table = fleet, board, table
        self._resident: Mapping[int, int | None] = {}
        self._supervisor: ProcessFacts | None = None

    async def follow(self) -> None:
        """Look again and again."""
        while True:
            try:
                await asyncio.to_thread(self.look)
            except Exception:  # noqa: BLE001 - metrics must not be lost for good because of one look
                _log.exception("could not look at the processes")
            await asyncio.sleep(EVERY)

    def look(self) -> None:
        """Look once, in whatever thread."""
        busy = {pool: self._table.total(index) * NANOSECONDS for pool, index in POOL_BUSY.items()}
        machine = processor_times() or ProcessorTimes(0, 0)
        self.usage.note(Sample(time.monotonic(), busy, machine.busy, machine.total))
        self._resident = {pid: resident_bytes(pid) for pid in self._pids()}
        self._supervisor = self._look_at_supervisor()
        self.certificates.look()

    def processes(self) -> Sequence[ProcessFacts]:
        """Return what is known of each now: of memory what was seen last."""
        found = [self._child(member) for member in self._fleet.members]
        return found if self._supervisor is None else [*found, self._supervisor]

    def vitals(self, role: Role) -> Sequence[Vitals]:
        """Return what those of a role that run have measured of themselves."""
        found = (self._board.vitals(member.index) for member in self._fleet.of(role))
        return [one for one in found if one is not None]

    def _child(self, member: Member) -> ProcessFacts:
        vitals, pid = self._board.vitals(member.index), self._pid(member)
        cpu = self._table.row(member.index).words[CPU_TIME]
        return ProcessFacts(
            process=member.name,
            cpu=cpu * NANOSECONDS,
            resident=None if pid is None else self._resident.get(pid),
            proportional=vitals.memory or None if vitals and pid is not None else None,
            loop_lag=vitals.loop_lag if vitals and member.role in _LOOPS else None,
        )

    def _look_at_supervisor(self) -> ProcessFacts | None:
        overall = self._board.overall()
        # In one process, it is that one.
        if overall is None or overall.pid in self._pids():
            return None
        pid = overall.pid
        return ProcessFacts(_SUPERVISOR, cpu_seconds(pid), resident_bytes(pid), proportional_bytes(pid))

    def _pids(self) -> set[int]:
        return {pid for member in self._fleet.members if (pid := self._pid(member)) is not None}

    def _pid(self, member: Member) -> int | None:
        supervised = self._board.supervised(member.index)
        return None if supervised is None else supervised.pid
