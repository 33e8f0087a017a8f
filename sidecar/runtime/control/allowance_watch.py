"""Follows what the machine leaves to us, which may change at any time: a cpuset, a quota, a memory limit.

What can be done without Envoy is done elsewhere: the supervisor pins anew (``supervision/pinning.py``), and verifiers
whose number may change are never more than CPUs (``resizing.py``). The number of servers stays: Envoy has a list of
them, an endpoint each, and one that goes would be asked all the same, and one that comes never. So that is said: in the
log, at ``/readyz?verbose``, and by metrics.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

from sidecar.observe.allowance import AllowanceFacts
from sidecar.observe.condition import Condition
from sidecar.placement.allowance import HERE, Allowance, read_allowance
from sidecar.placement.cgroup import CgroupError, Throttling, throttling
from sidecar.placement.cpulist import format_cpulist
from sidecar.report.say import many, size
from sidecar.runtime.supervision.planning import counts_for
from sidecar.settings import Settings

#: Seconds between two looks.
EVERY: Final = 2.0

_log = logging.getLogger(__name__)


class AllowanceWatch:
    """``servers`` is how many there are. ``follow`` it in a task; ``read`` and ``stopped`` ask the machine."""

    def __init__(
        self,
        settings: Settings,
        servers: int,
        read: Callable[[], Allowance] = read_allowance,
        stopped: Callable[[], Throttling | None] = lambda: throttling(HERE.cgroups, HERE.membership),
    ) -> None:
        self._settings, self._servers = settings, servers
        self._read, self._stopped = read, stopped
        self._now = read()

    async def follow(self) -> None:
        """Look again and again."""
        while True:
            await asyncio.sleep(EVERY)
            try:
                await asyncio.to_thread(self.look)
            except Exception:  # noqa: BLE001 - one look less
                _log.exception("could not look at what the machine leaves to us")

    def look(self) -> None:
        """Look once, in whatever thread, and log what has changed."""
        before, self._now = self._now, self._read()
        if self._now != before:
            _log.warning("%s%s", "; ".join(_changes(before, self._now)), self._consequence())

    def facts(self) -> AllowanceFacts:
        """Return how it is now."""
        stopped = None
        with suppress(CgroupError):
            stopped = self._stopped()
        return AllowanceFacts(
            usable=self._now.usable,
            servers=self._servers,
            fitting=self._fitting(),
            throttled_periods=None if stopped is None else stopped.throttled,
            throttled_seconds=None if stopped is None else stopped.seconds,
        )

    def conditions(self) -> Iterator[Condition]:
        """Yield, where another number of servers would fit, that it is so: it is ready all the same."""
        fitting = self._fitting()
        if fitting not in {None, self._servers}:
            yield Condition("servers", ok=True, reason=f"{self._servers} run, and {fitting} fit the CPUs there are now")

    def _fitting(self) -> int | None:
        if self._settings.servers is not None or not self._settings.enable_multiprocessing:
            return None
        return counts_for(self._settings, self._now).servers

    def _consequence(self) -> str:
        fitting = self._fitting()
        if fitting in {None, self._servers}:
            return ""
        return (
            f"; {many(self._servers, 'server')} go on, since Envoy was told of them, and a start now would make "
            f"{fitting}: generate Envoy's configuration anew, and restart both"
        )


def _changes(before: Allowance, now: Allowance) -> Iterator[str]:
    if now.cpus != before.cpus:
        yield f"CPUs {format_cpulist(now.cpus)} may be used, instead of {format_cpulist(before.cpus)}"
    if now.quota != before.quota:
        yield f"the CPU quota is {_quota(now.quota)}, instead of {_quota(before.quota)}"
    if now.memory_limit != before.memory_limit:
        yield f"the memory limit is {_limit(now.memory_limit)}, instead of {_limit(before.memory_limit)}"
    if now.memory_nodes != before.memory_nodes:
        yield f"memory comes from nodes {_listed(now.memory_nodes)}, instead of {_listed(before.memory_nodes)}"
    if now.cpuset != before.cpuset and now.cpus == before.cpus:
        yield f"the cpuset is {_listed(now.cpuset)}, instead of {_listed(before.cpuset)}"


def _listed(found: frozenset[int] | None) -> str:
    return format_cpulist(found or ())


def _quota(found: float | None) -> str:
    return "none" if found is None else f"{found:.3g} CPUs"


def _limit(found: int | None) -> str:
    return "none" if found is None else size(found)
