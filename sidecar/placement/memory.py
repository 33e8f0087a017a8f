"""How much memory a control group has, and how much of it is in use.

What counts against the limit and cannot be given back at once: the kubelet's working set, which is all that is charged
less the file pages that nobody uses (Documentation/admin-guide/cgroup-v2.rst, "memory.current" and "inactive_file" of
"memory.stat"; v1: memory.usage_in_bytes and "total_inactive_file"). Files that say what no kernel says are passed over:
this is for a report.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sidecar.placement.cgroup import CgroupError, groups, memory_limit_of

_FILES = (("memory.current", "inactive_file"), ("memory.usage_in_bytes", "total_inactive_file"))


@dataclass(frozen=True, slots=True)
class Memory:
    """Of one control group, in bytes."""

    used: int
    limit: int


def memory_of(cgroup_root: Path, membership: str) -> Memory | None:
    """Return the group that is nearest to its limit, of ours and those above it; ``None`` where there is no limit.

    ``cgroup_root`` is ``/sys/fs/cgroup``, ``membership`` the text of ``/proc/self/cgroup``.
    """
    try:
        found = list(_limited(cgroup_root, membership))
    except CgroupError:
        return None
    return max(found, key=lambda one: one.used / one.limit, default=None)


def _limited(root: Path, membership: str) -> Iterator[Memory]:
    for group in groups(root, membership, "memory"):
        limit, used = memory_limit_of(group), _used(group)
        if limit and used is not None:
            yield Memory(used, limit)


def _used(group: Path) -> int | None:
    for current, inactive in _FILES:
        charged = _number(_read(group / current))
        if charged is not None:
            return max(0, charged - (_number(_field(_read(group / "memory.stat"), inactive)) or 0))
    return None


def _field(text: str, name: str) -> str:
    return next((value for key, _, value in (line.partition(" ") for line in text.splitlines()) if key == name), "")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except (OSError, ValueError):  # ValueError: a name that no file can have
        return ""


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() else None
