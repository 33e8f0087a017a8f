"""How much of the machine's CPU time is ours to use, by affinity and cgroup quota together, as it is now."""

import os
from pathlib import Path

from sidecar.placement.apply import allowed_cpus
from sidecar.placement.cgroup import CgroupError, cpu_quota

_CGROUPS = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")


def usable_cpus(cgroups: Path = _CGROUPS, membership: Path = _MEMBERSHIP) -> float:
    """Return it in CPUs. What the machine will not say limits nothing."""
    allowed = float(len(allowed_cpus()))
    try:
        quota = cpu_quota(cgroups, membership.read_text(encoding="ascii", errors="replace"))
    except (OSError, CgroupError):
        return allowed
    return allowed if quota is None else min(allowed, quota)


def machine_cpus() -> int:
    """Return how many CPUs the machine has, whoever may use them."""
    return os.cpu_count() or 1
