"""How many processes, and on which CPUs: from the settings and from what the machine leaves to us."""

from collections.abc import Callable
from pathlib import Path

from sidecar.placement.apply import allowed_cpus
from sidecar.placement.cgroup import CgroupError, cpu_quota
from sidecar.placement.machine import Topology, flat
from sidecar.placement.plan import default_servers, plan
from sidecar.placement.topology import TopologyError, read_topology
from sidecar.runtime.ipc.fleet import Fleet, fleet_of
from sidecar.settings import Settings
from sidecar.sizing.look import Bounds

_SYS = Path("/sys")
_CGROUPS = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")


def plan_fleet(settings: Settings, warn: Callable[[str], None]) -> Fleet:
    """Plan the processes. ``warn`` is told what the machine would not say; the plan then does without."""
    allowed = allowed_cpus()
    quota = _quota(warn)
    usable = min(len(allowed), quota or len(allowed))
    common = settings.verification_workers
    if common is None:
        common = 0 if usable < 2 else 1  # noqa: PLR2004 - a CPU for a server, one for it
    bounds = _bounds(settings, common, int(usable))
    if bounds is not None:
        common = bounds.first
        if bounds.most > max(bounds.least, int(usable)):
            warn(f"verification_workers_max is {bounds.most}, and only {usable:.3g} CPUs may be used: no more will run")
    servers = settings.servers or default_servers(allowed, quota, common + settings.jwt_processor_workers)
    verifiers = (common if bounds is None else bounds.most) + settings.jwt_processor_workers
    topology = _topology(allowed, warn) if settings.cpu_affinity_enabled else flat(allowed)
    placement = plan(
        topology,
        allowed,
        servers,
        verifiers,
        affinity=settings.cpu_affinity_enabled,
        numa=settings.numa_aware_placement,
    )
    minters = 0 if settings.assertion is None else max(1, settings.jwt_processor_workers)
    return fleet_of(placement, settings.jwt_processor_workers, minters, bounds)


def _bounds(settings: Settings, wanted: int, cpus: int) -> Bounds | None:
    most = settings.verification_workers_max
    if most is None:
        return None
    least = settings.verification_workers_min or 1
    return Bounds(least, max(least, min(wanted, most, cpus)), most)


def _quota(warn: Callable[[str], None]) -> float | None:
    try:
        return cpu_quota(_CGROUPS, _MEMBERSHIP.read_text(encoding="ascii", errors="replace"))
    except OSError:
        return None  # no Linux, or no /proc: nothing that limits us tells us so
    except CgroupError as error:
        warn(f"no CPU quota is assumed: {error}")
        return None


def _topology(allowed: frozenset[int], warn: Callable[[str], None]) -> Topology:
    try:
        return read_topology(_SYS)
    except (OSError, TopologyError) as error:
        warn(f"each CPU is taken for a core of its own: {error}")
        return flat(allowed)
