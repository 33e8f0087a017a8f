"""``/report`` of the administration: how the sidecar fares, and what to do about it (docs/report.md).

Samples are taken all the time, one in 5 s, and kept for 15 minutes; a control process that takes another's place begins
anew. The report is made when somebody asks, in a thread of its own, since it takes some milliseconds.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from sidecar.hooking.facts import HookFacts
from sidecar.http.admin import Route
from sidecar.http.message import JSON, Answer
from sidecar.memory.counters import CounterTable
from sidecar.memory.scoreboard import Scoreboard
from sidecar.observe.build import build_facts
from sidecar.observe.children import is_up
from sidecar.observe.facts import Facts
from sidecar.observe.pool_series import Pool
from sidecar.report.build import report
from sidecar.report.history import STEP_SECONDS, History
from sidecar.report.model import Report
from sidecar.runtime.control.moment import Place, moment
from sidecar.runtime.control.sampling import Sampler, There
from sidecar.runtime.ipc.fleet import Fleet, Role
from sidecar.settings import Settings

#: Counters and scoreboard.
_Board = tuple[Scoreboard, CounterTable]

_log = logging.getLogger(__name__)


def reporting_of(  # noqa: PLR0913 - what is reported on, each once
    *,
    board: _Board,
    fleet: Fleet,
    folder: Path,
    hooks: Sequence[HookFacts],
    settings: Callable[[], Settings],
    facts: Callable[[], Facts],
    pools: Sequence[Pool] = (),
) -> "Reporting":
    """Return what reports on ``fleet``; ``folder`` is where the configuration is."""
    there = {Pool.VERIFIER: There(partial(_verifiers, fleet, board[0]))} if fleet.elastic else {}
    sampler = Sampler(board[1], board[0], fleet.names, [one.call for one in hooks], pools, there=there)
    return Reporting(sampler, Place(fleet, board[0], folder, hooks, build_facts()["version"]), settings, facts)


def _verifiers(fleet: Fleet, board: Scoreboard) -> int:
    return sum(is_up(board.child(member.index)) for member in fleet.of(Role.VERIFIER))


class Reporting:
    """``settings`` are those in force, ``facts`` what control knows; ``clock`` is CLOCK_MONOTONIC, in seconds."""

    def __init__(
        self,
        sampler: Sampler,
        place: Place,
        settings: Callable[[], Settings],
        facts: Callable[[], Facts],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sampler, self._place = sampler, place
        self._settings, self._facts, self._clock = settings, facts, clock
        self._history = History()

    async def follow(self) -> None:
        """Take samples from now on."""
        while True:
            try:
                self._history.add(self._sampler.sample(self._clock()))
            except Exception:  # noqa: BLE001 - a sample less; whatever else control does goes on
                _log.exception("no sample for the report")
            await asyncio.sleep(STEP_SECONDS)

    def route(self) -> Route:
        """Return it."""
        return Route("GET", "/report", self._get)

    async def report(self) -> Report:
        """Return the report as of now."""
        return await asyncio.to_thread(self._prepared())

    def report_now(self) -> Report:
        """Do the same, here."""
        return self._prepared()()

    def _prepared(self) -> Callable[[], Report]:
        now = self._sampler.sample(self._clock())
        samples, settings, facts = self._history.until(now.at), self._settings(), self._facts()

        def make() -> Report:
            found = moment(self._place, settings, facts, self._clock)
            return report(samples, now, found, settings.report.thresholds)

        return make

    async def _get(self, _: bytes) -> Answer:
        from sidecar.report.wire import encode  # noqa: PLC0415 - for who asks alone

        return Answer(200, encode(await self.report()), JSON)
