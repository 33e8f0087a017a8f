"""How many processes, and on which CPUs: from the settings and from what the machine leaves to us."""

from collections.abc import Callable
from dataclasses import dataclass

from sidecar.placement.allowance import HERE, Allowance, Trees
from sidecar.placement.machine import Topology, flat
from sidecar.placement.plan import Placement, default_servers, plan
from sidecar.placement.topology import TopologyError, read_topology
from sidecar.runtime.ipc.fleet import Fleet, fleet_of
from sidecar.settings import Settings
from sidecar.sizing.look import Bounds


@dataclass(frozen=True, slots=True)
class Counts:
    """How many servers and verifiers there are to be; ``verifiers`` are all for which there is a place."""

    servers: int
    verifiers: int
    bounds: Bounds | None


def plan_fleet(settings: Settings, allowance: Allowance, warn: Callable[[str], None], trees: Trees = HERE) -> Fleet:
    """Plan the processes. ``warn`` is told what the machine would not say; the plan then does without."""
    counts = counts_for(settings, allowance)
    bounds, usable = counts.bounds, allowance.usable
    if bounds is not None and bounds.most > max(bounds.least, int(usable)):
        warn(f"verification_workers_max is {bounds.most}, and only {usable:.3g} CPUs may be used: no more will run")
    placement = placed(settings, counts, allowance.cpus, warn, trees)
    minters = 0 if settings.assertion is None else max(1, settings.jwt_processor_workers)
    return fleet_of(placement, settings.jwt_processor_workers, minters, bounds)


def counts_for(settings: Settings, allowance: Allowance) -> Counts:
    """Return how many a start with this allowance makes, where the configuration gives no number."""
    common = settings.verification_workers
    if common is None:
        common = 0 if allowance.usable < 2 else 1  # noqa: PLR2004 - a CPU for a server, one for it
    bounds = _bounds(settings, common, int(allowance.usable))
    if bounds is not None:
        common = bounds.first
    costly = settings.jwt_processor_workers
    servers = settings.servers or default_servers(allowance.cpus, allowance.quota, common + costly)
    return Counts(servers, (common if bounds is None else bounds.most) + costly, bounds)


def placed(
    settings: Settings, counts: Counts, cpus: frozenset[int], warn: Callable[[str], None], trees: Trees = HERE
) -> Placement:
    """Give so many servers and verifiers their places on ``cpus``; ``warn`` as ``plan_fleet`` has it."""
    affinity, numa = settings.cpu_affinity_enabled, settings.numa_aware_placement
    topology = _topology(cpus, warn, trees) if affinity else flat(cpus)
    return plan(topology, cpus, counts.servers, counts.verifiers, affinity=affinity, numa=numa)


def _topology(cpus: frozenset[int], warn: Callable[[str], None], trees: Trees) -> Topology:
    try:
        return read_topology(trees.sys)
    except (OSError, TopologyError) as error:
        warn(f"each CPU is taken for a core of its own: {error}")
        return flat(cpus)


def _bounds(settings: Settings, wanted: int, cpus: int) -> Bounds | None:
    most = settings.verification_workers_max
    if most is None:
        return None
    least = settings.verification_workers_min or 1
    return Bounds(least, max(least, min(wanted, most, cpus)), most)
