"""Everything that is judged, as values. Its JSON has these names, sets as sorted arrays and ``None`` as null."""

from dataclasses import dataclass
from typing import Final

VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Given:
    """What the machine, or the container, leaves. ``None``: there is no limit, or nothing tells."""

    cpus: frozenset[int]
    cpuset: frozenset[int] | None  #: of the cgroup; more than ``cpus`` where somebody narrowed the affinity
    machine_cpus: int  #: that the machine has, whoever may use them
    cpu_quota: float | None  #: in CPUs
    usable_cpus: float  #: CPUs or quota, whichever is less
    cpu_nodes: frozenset[int]  #: NUMA nodes of ``cpus``
    memory_nodes: frozenset[int] | None  #: that memory may come from
    half_cores: frozenset[int]  #: those of ``cpus`` whose core has a thread that is not among them
    throttled_share: float | None  #: of the quota's periods so far, those in which it was used up
    throttled_periods: int | None
    throttled_seconds: float | None
    memory_limit_bytes: int | None
    memory_used_bytes: int | None
    memory_kills_all: bool | None  #: memory.oom.group: for want of memory all processes are killed at once
    open_files: int | None  #: that a process may have; the hard limit, to which servers raise theirs
    clock_synchronised: bool | None  #: by the kernel's own account


@dataclass(frozen=True, slots=True)
class Pinned:
    """A process with a CPU of its own."""

    process: str
    cpu: int
    node: int | None


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the memory that is expected, when all of it is in use."""

    name: str
    shared_bytes: int  #: memfd, once for all processes
    process_bytes: int


@dataclass(frozen=True, slots=True)
class Made:
    """What a start, now and here, makes of the configuration and of what is given."""

    multiprocessing: bool
    servers: int
    verifiers: int  #: at the start
    verifiers_max: int | None  #: where their number changes by itself
    minters: int
    servers_configured: bool  #: whether the configuration gives their number
    affinity: bool
    numa: bool
    pinned: tuple[Pinned, ...]
    memory: tuple[Share, ...]
    cache_bytes: int  #: shared_memory_size
    buffer_bytes: int | None  #: native.max_total_buffer_bytes, which each server may hold
    connections: int | None  #: native.max_connections

    @property
    def memory_bytes(self) -> int:
        """Return all that is expected."""
        return sum(one.shared_bytes + one.process_bytes for one in self.memory)

    @property
    def shared_bytes(self) -> int:
        """Return how much of it is shared memory."""
        return sum(one.shared_bytes for one in self.memory)

    @property
    def busy(self) -> int:
        """Return how many processes want a CPU each, at the start."""
        return self.servers + self.verifiers if self.multiprocessing else 1


@dataclass(frozen=True, slots=True)
class FileFact:
    """A file that the configuration names, and why it cannot be read; empty: it can."""

    setting: str
    path: str
    trouble: str


@dataclass(frozen=True, slots=True)
class SocketFact:
    """Where Unix sockets are made, and who Envoy is, which connects to them: ``None`` where nobody said, or asks.

    ``room``: the part of the configuration with their mode and group, ``native`` or ``forward_auth``.
    """

    room: str
    folder: str
    exists: bool
    writable: bool
    folder_mode: int
    folder_user: int
    folder_group: int
    mode: int  #: of the sockets
    user: int  #: whose they are: ours
    group: int | None  #: ``None``: there is no such group
    is_member: bool  #: whether we may give them to it
    group_setting: str  #: the room's socket_group; empty where that is not set
    envoy: tuple[int, tuple[int, ...]] | None  #: its user and groups, by number


@dataclass(frozen=True, slots=True)
class Running:
    """What the sidecar that runs with this configuration says of itself."""

    servers: int
    verifiers: int
    memory_bytes: int | None  #: of all processes, what they share counted once (PSS)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All of it; what follows from a configuration is ``None`` without one, or with one that is refused."""

    given: Given
    made: Made | None = None
    running: Running | None = None
    files: tuple[FileFact, ...] = ()
    socket: SocketFact | None = None
    forward_auth_socket: SocketFact | None = None
    warnings: tuple[str, ...] = ()  #: of the configuration, as check-config has them
