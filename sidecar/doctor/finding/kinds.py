"""Every finding that there is: how much it matters, when it is made, and where to change something.

docs/doctor.md has the same table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

#: From this share of the quota's periods on it stops us too often.
THROTTLED_SHARE: Final = 0.01
#: From this share of the limit on memory is tight.
MEMORY_SHARE: Final = 0.9


class Severity(StrEnum):
    """How much it matters. Either ends the command with 1."""

    CRITICAL = "critical"  #: it does not start, is killed, or nobody can ask it
    WARNING = "warning"  #: it is slower than it need be, or less safe from being lost


class At(StrEnum):
    """Where something is to be changed."""

    CONTAINER = "container"  #: its manifest
    CONFIGURATION = "configuration"  #: our own file
    KUBELET = "kubelet"  #: KubeletConfiguration of the node
    NODE = "node"  #: the machine itself


@dataclass(frozen=True, slots=True)
class Kind:
    """A finding's own."""

    severity: Severity
    at: At
    meaning: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong. ``change`` is the line that would mend it, as one would write it at ``at``."""

    id: str
    severity: Severity
    text: str
    at: At
    change: str


_CRITICAL, _WARNING = Severity.CRITICAL, Severity.WARNING

KINDS: Final[Mapping[str, Kind]] = {
    "cpu_throttled": Kind(_WARNING, At.CONTAINER, "the quota was used up in 1% of its periods so far, or more"),
    "cpu_quota_short": Kind(
        _WARNING, At.CONTAINER, "the quota is below 1 CPU, or below the servers and verifiers that there are"
    ),
    "cpus_short": Kind(
        _WARNING, At.CONFIGURATION, "there are fewer CPUs than servers and verifiers, and more than one of either"
    ),
    "cpus_not_exclusive": Kind(
        _WARNING,
        At.CONTAINER,
        "cpu_affinity_enabled, and all CPUs of the machine may be used, or more than the quota pays for",
    ),
    "cpus_half_cores": Kind(
        _WARNING, At.KUBELET, "cpu_affinity_enabled, and the other thread of a core is somebody else's"
    ),
    "cpus_on_two_nodes": Kind(
        _WARNING, At.KUBELET, "the CPUs are on more than one NUMA node, without numa_aware_placement"
    ),
    "memory_on_another_node": Kind(_WARNING, At.KUBELET, "a NUMA node of the CPUs is none of those of the memory"),
    "servers_changed": Kind(
        _WARNING, At.CONFIGURATION, "as many servers run as fitted at their start, and now another number would fit"
    ),
    "memory_over_limit": Kind(
        _CRITICAL, At.CONTAINER, "shared memory and processes are expected to take more than the limit"
    ),
    "memory_tight": Kind(_WARNING, At.CONTAINER, "the same for 90% of the limit"),
    "buffers_over_limit": Kind(
        _WARNING, At.CONFIGURATION, "what a single server may hold of its connections is more than the limit"
    ),
    "memory_kills_all": Kind(
        _WARNING, At.KUBELET, "memory.oom.group: for want of memory all processes are killed at once"
    ),
    "open_files_short": Kind(
        _WARNING, At.NODE, "a process may not have as many files as native.max_connections and 128"
    ),
    "file_unreadable": Kind(_CRITICAL, At.CONFIGURATION, "a file that the configuration names cannot be read"),
    "socket_folder": Kind(_CRITICAL, At.CONTAINER, "the folder of the sockets is missing, or cannot be written to"),
    "socket_group": Kind(
        _CRITICAL, At.CONFIGURATION, "there is no such group as socket_group, or we are no member of it"
    ),
    "envoy_locked_out": Kind(
        _CRITICAL, At.CONFIGURATION, "--envoy-user may not connect: folder or mode of the sockets do not let it"
    ),
    "clock_unsynchronised": Kind(
        _WARNING, At.NODE, "the kernel says that nobody keeps its clock right; tokens are good until a time"
    ),
    "configuration": Kind(_WARNING, At.CONFIGURATION, "check-config warns of something"),
}


def found(name: str, text: str, change: str, at: At | None = None) -> Finding:
    """Make a finding of a kind; ``at`` is where to change something, if not where that kind has it."""
    kind = KINDS[name]
    return Finding(name, kind.severity, text, at or kind.at, change)
