"""What a start makes of a configuration and of what is given: processes, places, memory."""

from collections.abc import Callable, Iterator
from typing import Final

from sidecar.doctor.snapshot import Made, Pinned, Share
from sidecar.memory import recent
from sidecar.placement.allowance import HERE, Allowance, Trees
from sidecar.runtime.ipc.fleet import Fleet, Member
from sidecar.runtime.ipc.shared import board_bytes, rings_of, signing_rings_of
from sidecar.runtime.supervision.planning import plan_fleet
from sidecar.settings import Settings

_MIB: Final = 1024**2
#: What a token that a server remembers by itself takes (``cache.local_entries``).
_LOCAL_ENTRY: Final = 6 * 1024
#: Bytes of a process that has little to do, shared pages by halves (PSS under fork on Python 3.11; measured with one
#: issuer and one policy, and rounded up; the last four are estimates).
SUPERVISOR: Final = 26 * _MIB
CONTROL: Final = 56 * _MIB
SERVER: Final = 40 * _MIB
VERIFIER: Final = 20 * _MIB
MINTER: Final = 32 * _MIB
HASHER: Final = 50 * _MIB
HOOK_WORKER: Final = 32 * _MIB
ALONE: Final = 76 * _MIB


def make(settings: Settings, allowance: Allowance, warn: Callable[[str], None], trees: Trees = HERE) -> Made:
    """Return what a start would make, without making anything. ``warn`` is told what the machine would not say."""
    fleet = plan_fleet(settings, allowance, warn, trees)
    is_many, bounds = settings.enable_multiprocessing, fleet.bounds
    servers = fleet.servers if is_many else 1
    elastic = len(fleet.elastic)
    verifiers = fleet.verifiers if bounds is None else bounds.first + fleet.jwt_verifiers
    return Made(
        multiprocessing=is_many,
        servers=servers,
        verifiers=verifiers if is_many else 0,
        verifiers_max=fleet.verifiers if elastic and is_many else None,
        minters=fleet.minters if is_many else 0,
        servers_configured=settings.servers is not None or not is_many,
        affinity=settings.cpu_affinity_enabled and is_many,
        numa=settings.numa_aware_placement and is_many,
        pinned=tuple(_pinned(fleet.members)) if is_many else (),
        memory=tuple(_shared(settings, fleet)) + tuple(_processes(settings, fleet)),
        cache_bytes=settings.shared_memory_size,
        buffer_bytes=settings.native.max_total_buffer_bytes if settings.is_native else None,
        connections=settings.native.max_connections if settings.is_native else None,
    )


def _pinned(members: tuple[Member, ...]) -> Iterator[Pinned]:
    for one in members:
        for cpu in one.place.cpus or ():
            yield Pinned(one.name, cpu, one.place.node)


def _shared(settings: Settings, fleet: Fleet) -> Iterator[Share]:
    # One process alone has them all too, but for the rings: what makes them is the same.
    yield Share("identity cache", settings.shared_memory_size, 0)
    if settings.denylist_bytes is not None:
        yield Share("denylist", settings.denylist_bytes, 0)
    if any(one.bound_tokens is not None and one.bound_tokens.dpop is not None for one in settings.issuers):
        yield Share("used proofs", settings.replay_memory_size, 0)
    rings, signing = rings_of(fleet), signing_rings_of(fleet)
    size = (rings.size if rings else 0) + (signing.size if signing else 0)
    if size and settings.enable_multiprocessing:
        yield Share("rings", size, 0)
    yield Share("counters and denials of late", board_bytes(fleet) + recent.size(fleet.servers), 0)


def _processes(settings: Settings, fleet: Fleet) -> Iterator[Share]:
    remembered = settings.cache.local_entries * _LOCAL_ENTRY
    hooks = settings.hook_processor_workers if settings.hooks else 0
    if not settings.enable_multiprocessing:
        yield Share("one process", 0, ALONE)
        yield Share("what it remembers", 0, remembered)
        return
    yield Share("supervisor and control", 0, SUPERVISOR + CONTROL)
    yield Share(f"{fleet.servers} x server", 0, fleet.servers * SERVER)
    yield Share("what servers remember", 0, fleet.servers * remembered)
    for name, count, each in (
        ("verifier", fleet.verifiers, VERIFIER),
        ("minter", fleet.minters, MINTER),
        ("hashing process", settings.hash_processor_workers if settings.revocation is not None else 0, HASHER),
        ("hook process", fleet.servers * hooks, HOOK_WORKER),
    ):
        if count:
            yield Share(f"{count} x {name}", 0, count * each)
