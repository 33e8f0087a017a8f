"""What control groups leave to this process: CPU time, CPUs and memory; and what they have kept from it so far.

```
/proc/self/cgroup      0::/a/b                v2: <root>/a/b/cpu.max                     "200000 100000" | "max 100000"
                       4:cpu,cpuacct:/a/b     v1: <root>/cpu,cpuacct/a/b/cpu.cfs_quota_us          200000 | -1
                                                                         cpu.cfs_period_us         100000
```

Every group limits all below it, so that the smallest limit on the way up is the one in force. Sources:
Documentation/admin-guide/cgroup-v2.rst ("CPU Interface Files", "Memory Interface Files", "Namespaces"),
Documentation/scheduler/sched-bwc.rst and Documentation/admin-guide/cgroup-v1/memory.rst; cgroups(7) for the text.

A container often sees its own group mounted at the root while the text has the host's path, or one with ``..`` in it
(a group outside the namespace). Groups that are not there are passed over, and the root is always looked at: it is the
container's own. A file that is missing or cannot be read is no limit. A file that says what no kernel says, and a text
that is no /proc/self/cgroup, raise ``CgroupError``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sidecar.placement.cpulist import CpuListError, parse_cpulist

_MEMBERSHIP = re.compile(r"[0-9]+:([^:]*):(/.*)", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,20}", re.ASCII)
#: v1 says "no limit" with the largest multiple of a page below 2^63; pages have 64 KiB at most.
_UNLIMITED_BYTES = 2**63 - 2**16
#: v2, and v1 with and without what is in force beside what was written.
_CPUSETS = ("cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus")
#: How long threads waited, and how many of its units are a second, of v2 and v1.
_WAITED = (("throttled_usec", 10**6), ("throttled_time", 10**9))


class CgroupError(ValueError):
    """A control group that says what cannot be understood. The message names the file and what was expected."""


@dataclass(frozen=True, slots=True)
class Throttling:
    """What a quota has done since the group was made: ``cpu.stat``.

    ``periods`` (of 100 ms, where nobody chose others) are those in which there was something to do, in ``throttled`` of
    them the quota was used up, and ``seconds`` is for how long threads were kept waiting, all of them added up.
    """

    periods: int
    throttled: int
    seconds: float

    @property
    def share(self) -> float:
        """Return the share of periods in which the quota was used up."""
        return self.throttled / self.periods if self.periods else 0.0


def cpu_quota(cgroup_root: Path, membership: str) -> float | None:
    """Return the CPU time this process may use, in CPUs (seconds a second, 0.5 is half a CPU); ``None``: no limit.

    ``cgroup_root`` is ``/sys/fs/cgroup``, ``membership`` the text of ``/proc/self/cgroup``. Raises ``CgroupError``.
    """
    found = list(groups(cgroup_root, membership, "cpu"))
    limits = [limit for read in (_cpu_max, _cfs_quota) for group in found if (limit := read(group)) is not None]
    return min(limits, default=None)


def memory_limit(cgroup_root: Path, membership: str) -> int | None:
    """Return the bytes of memory this process may use together with the rest of its group; ``None``: no limit.

    Arguments and errors are those of ``cpu_quota``.
    """
    found = groups(cgroup_root, membership, "memory")
    return min((limit for group in found if (limit := memory_limit_of(group)) is not None), default=None)


def memory_limit_of(group: Path) -> int | None:
    """Return the bytes that one group, by its folder, may have; ``None``: as many as those above it may."""
    limits = [limit for read in (_memory_max, _limit_in_bytes) if (limit := read(group)) is not None]
    return min(limits, default=None)


def cpuset(cgroup_root: Path, membership: str) -> frozenset[int] | None:
    """Return the CPUs of the nearest group that has a cpuset; ``None`` where none has.

    Arguments and errors are those of ``cpu_quota``. A file that lists none stands for those of the group above.
    """
    for group in groups(cgroup_root, membership, "cpuset"):
        for name in _CPUSETS:
            text = _read(group / name)
            if text:
                return _cpulist(group / name, text)
    return None


def throttling(cgroup_root: Path, membership: str) -> Throttling | None:
    """Return how often a quota stopped us so far: of the group that was stopped most; ``None`` where there is no quota.

    Arguments and errors are those of ``cpu_quota``.
    """
    found = (_throttling(group / "cpu.stat") for group in groups(cgroup_root, membership, "cpu"))
    return max((one for one in found if one is not None), key=lambda one: one.throttled, default=None)


def kills_all(cgroup_root: Path, membership: str) -> bool | None:
    """Say whether all processes of a group die where one does for want of memory; ``None`` where nothing tells (v1).

    Arguments and errors are those of ``cpu_quota``; the file is ``memory.oom.group``.
    """
    found = [_read(group / "memory.oom.group") for group in groups(cgroup_root, membership, "memory")]
    return "1" in found if any(one is not None for one in found) else None


def groups(root: Path, membership: str, controller: str) -> Iterator[Path]:
    """Give the folders that may limit us, of either version, from our own group up to the root."""
    for line in membership.split("\n"):
        if not line:
            continue
        match = _MEMBERSHIP.fullmatch(line)
        if match is None:
            raise CgroupError(f"/proc/self/cgroup: {line[:80]!r} is not number:controllers:/path")
        for mount in _mounts(root, match[1], controller):
            yield from _ascending(mount, match[2])


def _mounts(root: Path, controllers: str, controller: str) -> tuple[Path, ...]:
    """Return where a hierarchy is mounted by convention; v2 is the one without a list of controllers."""
    if not controllers:
        return root, root / "unified"
    return (root / controllers, root / controller) if controller in controllers.split(",") else ()


def _ascending(mount: Path, path: str) -> Iterator[Path]:
    parts = PurePosixPath(path).parts[1:]
    if ".." in parts:
        parts = ()
    for depth in range(len(parts), -1, -1):
        yield mount.joinpath(*parts[:depth])


def _cpu_max(group: Path) -> float | None:
    path = group / "cpu.max"
    text = _read(path)
    if text is None:
        return None
    quota, _, period = text.partition(" ")
    return None if quota == "max" else _share(path, quota, period)


def _cfs_quota(group: Path) -> float | None:
    quota, period = _read(group / "cpu.cfs_quota_us"), _read(group / "cpu.cfs_period_us")
    if quota is None or period is None or quota == "-1":
        return None
    return _share(group / "cpu.cfs_quota_us", quota, period)


def _share(path: Path, quota: str, period: str) -> float:
    """Return microseconds of quota a period of microseconds, as CPUs."""
    if _number(path, period) == 0:
        raise CgroupError(f"{path}: the period is 0")
    return _number(path, quota) / _number(path, period)


def _memory_max(group: Path) -> int | None:
    path = group / "memory.max"
    text = _read(path)
    return None if text is None or text == "max" else _number(path, text)


def _limit_in_bytes(group: Path) -> int | None:
    path = group / "memory.limit_in_bytes"
    text = _read(path)
    if text is None:
        return None
    limit = _number(path, text)
    return None if limit >= _UNLIMITED_BYTES else limit


def _cpulist(path: Path, text: str) -> frozenset[int]:
    try:
        return parse_cpulist(text)
    except CpuListError as error:
        raise CgroupError(f"{path}: {error}") from None


def _throttling(path: Path) -> Throttling | None:
    lines = (line.split(" ", 1) for line in (_read(path) or "").splitlines())
    found = {line[0]: line[1] for line in lines if len(line) == 2}  # noqa: PLR2004 - name and number
    periods = _number(path, found.get("nr_periods", "0"))
    if not periods:
        return None
    waited = sum(_number(path, found[name]) / unit for name, unit in _WAITED if name in found)
    return Throttling(periods, _number(path, found.get("nr_throttled", "0")), waited)


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except (OSError, ValueError):  # ValueError: a name that no file can have
        return None


def _number(path: Path, text: str) -> int:
    if _NUMBER.fullmatch(text) is None:
        raise CgroupError(f"{path}: {text[:40]!r} is no number")
    return int(text)
