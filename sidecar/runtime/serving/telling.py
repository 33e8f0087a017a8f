"""What a server tells of single checks: the decision log, and denials of late, as the configuration has them."""

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path

from sidecar.core.trust import Trust
from sidecar.decision_log.file import AppendedFile
from sidecar.decision_log.log import DecisionLog, Plan
from sidecar.decision_log.masks import Masks
from sidecar.decision_log.output import Output
from sidecar.decision_log.pointer import parse
from sidecar.decision_log.record import Origin
from sidecar.decision_log.stdout import StandardOutput
from sidecar.decision_log.watching import Choice
from sidecar.loading.decision_log import read_hash_key
from sidecar.memory.counters import Row
from sidecar.memory.recent import ROOM, RecentRing
from sidecar.memory.segment import Segment
from sidecar.observe.build import build_facts
from sidecar.observe.log_meter import LogMeter
from sidecar.observe.log_series import LogOutput
from sidecar.runtime.ipc.fleet import Member
from sidecar.runtime.serving.collecting import collector_of, resource_of
from sidecar.settings import Settings
from sidecar.settings.decision_log import DecisionLogSettings


class Telling:
    """Tells of the checks of one server, ``member``, under whatever ``trust`` returns. ``recent`` has a ring for it."""

    def __init__(  # noqa: PLR0913, PLR0917 - what there is to it, once
        self, settings: Settings, folder: Path, trust: Callable[[], Trust], row: Row, recent: Segment, member: Member
    ) -> None:
        self._settings, self._folder, self._server = settings.decision_log, folder, member.name
        ring = RecentRing(recent, member.number)
        self._log = DecisionLog(_plan(settings, folder, member), trust, LogMeter(row).count, ring.put)
        self.watch = self._log.watch

    def open(self) -> None:
        """Begin, in the loop that is running."""
        self._log.open(list(_outputs(self._settings, self._folder, self._server)))

    async def close(self, seconds: float) -> None:
        """Write what waits, in so many seconds at the most."""
        await self._log.close(seconds)


def _plan(settings: Settings, folder: Path, member: Member) -> Plan:
    log = settings.decision_log
    choice = Choice(
        allows_one_in=log.allows_one_in if log.is_written else 0,
        denials_one_in=log.denials_one_in if log.is_written else 0,
        per_second=log.lines_per_second,
        recent=settings.keeps_denials,
    )
    key = b"" if log.hash_key_file is None else read_hash_key(folder, log.hash_key_file)
    masks = Masks(tuple(map(parse, log.mask)), tuple(map(parse, log.hash)), key)
    return Plan(choice, masks, Origin(member.name, build_facts()["version"]), log.queue_bytes, ROOM)


def _outputs(settings: DecisionLogSettings, folder: Path, server: str) -> Iterator[tuple[LogOutput, Output]]:
    if settings.stdout:
        yield LogOutput.STDOUT, StandardOutput()
    if settings.file is not None:
        yield LogOutput.FILE, AppendedFile(folder / settings.file)
    if settings.otlp is not None:
        # A library of its own, for who wants it alone.
        made = importlib.import_module("sidecar.decision_log.otlp").OtlpLogs
        resource = resource_of(settings.otlp.service_name, server)
        yield LogOutput.OTLP, made(collector_of(settings.otlp, folder), resource)
