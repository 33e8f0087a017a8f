"""Keeps servers and verifiers on CPUs of their own, when those change that there are for us.

The supervisor is pinned to nothing, so that its own mask is what the cpuset leaves (``placement.allowance``). When it
is another, places are planned anew, and whoever runs is moved, with all threads: Kubernetes' CPU Manager gives a
container other CPUs while it runs, and the kernel then lets one whose only CPU is gone run on all that there are.

Whoever is not where its place is gets moved at the next look, whatever the reason: one that was started in the
meantime has pinned itself to where it was to be before.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from sidecar.placement.apply import PinError, allowed_cpus, cpus_of, move
from sidecar.placement.cpulist import format_cpulist
from sidecar.placement.plan import Place, Placement
from sidecar.runtime.ipc.fleet import Role
from sidecar.runtime.supervision.life import Life

_log = logging.getLogger(__name__)


class Pinning:
    """``lives`` are all children; ``replan`` gives servers and verifiers their places on other CPUs."""

    def __init__(
        self,
        lives: Sequence[Life],
        replan: Callable[[frozenset[int]], Placement],
        cpus: Callable[[], frozenset[int]] = allowed_cpus,
    ) -> None:
        self._lives, self._replan, self._allowed = lives, replan, cpus
        self._cpus = cpus()
        self._told: set[tuple[str, frozenset[int]]] = set()

    def look(self) -> None:
        """See whether there are other CPUs, and move whoever is not on its own."""
        cpus = self._allowed()
        if cpus != self._cpus:
            now, before = format_cpulist(cpus), format_cpulist(self._cpus)
            _log.info("CPUs %s may be used, instead of %s: servers and verifiers are pinned anew", now, before)
            self._cpus = cpus
            self._told.clear()
            self._plan(self._replan(cpus))
        for life in self._lives:
            self._keep(life)

    def _plan(self, placement: Placement) -> None:
        places: dict[Role, Sequence[Place]] = {Role.SERVER: placement.servers, Role.VERIFIER: placement.verifiers}
        for life in self._lives:
            if life.member.role in places:
                # Who starts from now on is told the new one.
                life.member = replace(life.member, place=places[life.member.role][life.member.number])

    def _keep(self, life: Life) -> None:
        wanted = life.member.place.cpus
        if wanted is None or life.running is None or cpus_of(life.running.pid) in {None, wanted}:
            return
        try:
            move(life.running.pid, wanted)
        except PinError as error:
            if (life.member.name, wanted) not in self._told:
                self._told.add((life.member.name, wanted))
                _log.warning("%s runs where it is: %s", life.member.name, error)
