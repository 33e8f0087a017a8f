"""How many processes each pool has, and how much waits for them, as control sees it from outside."""

import mmap
from collections.abc import Callable, Mapping, Sequence

from sidecar.memory.ring_depth import depth
from sidecar.memory.ring_layout import Region
from sidecar.memory.scoreboard import Scoreboard
from sidecar.observe.children import is_up
from sidecar.observe.pool_series import Pool
from sidecar.observe.pools import PoolFacts, PoolSize
from sidecar.runtime.control.usage import UsageWatch
from sidecar.runtime.ipc.fleet import Fleet, Role
from sidecar.runtime.ipc.shared import Shared, rings_of, signing_rings_of
from sidecar.settings import Settings

_ROLES = {Pool.VERIFIER: Role.VERIFIER, Pool.MINTER: Role.MINTER}


def pools_of(settings: Settings, fleet: Fleet) -> Sequence[Pool]:
    """Return the pools that a configuration has."""
    there = {
        Pool.VERIFIER: fleet.verifiers > 0,
        Pool.MINTER: fleet.minters > 0,
        Pool.HASH: settings.revocation is not None and settings.hash_processor_workers > 0,
        Pool.HOOK: bool(settings.hooks),
    }
    return [pool for pool, is_there in there.items() if is_there]


def size_of(fleet: Fleet, board: Scoreboard) -> PoolSize | None:
    """Return how large the verifiers' pool is to be, where that changes by itself; ``None`` where it is not known."""
    overall, bounds = board.overall(), fleet.bounds
    if overall is None or bounds is None:
        return None
    return PoolSize(Pool.VERIFIER, overall.wanted, bounds.least, bounds.most, overall.grown, overall.shrunk)


class PoolLoad:
    """Of ``pools``. ``hash_processes`` returns how many hash beside control."""

    def __init__(
        self,
        pools: Sequence[Pool],
        fleet: Fleet,
        shared: Shared,
        board: Scoreboard,
        hash_processes: Callable[[], int],
    ) -> None:
        self._pools, self._fleet, self._board, self._hash_processes = pools, fleet, board, hash_processes
        self._seed = shared.seed
        self._rings = _rings(fleet, shared)

    def facts(self, watch: UsageWatch) -> Sequence[PoolFacts]:
        """Return how things are now; how busy they are comes from ``watch``."""
        found = []
        for pool in self._pools:
            active = self._active(pool, watch)
            found.append(PoolFacts(pool, active, watch.usage.of(pool, active), self._depth(pool, watch)))
        return found

    def _active(self, pool: Pool, watch: UsageWatch) -> int:
        if pool is Pool.HASH:
            return self._hash_processes()
        if pool is Pool.HOOK:
            return sum(vitals.hook_processes for vitals in watch.vitals(Role.SERVER))
        return sum(is_up(self._board.child(member.index)) for member in self._fleet.of(_ROLES[pool]))

    def _depth(self, pool: Pool, watch: UsageWatch) -> int | None:
        if pool is Pool.HASH:
            return None  # one list at a time, and whoever has one waits for it
        if pool is Pool.HOOK:
            return sum(vitals.hooks_waiting for vitals in watch.vitals(Role.SERVER))
        memory, regions = self._rings[pool]
        return sum(depth(memory, region, self._seed) for region in regions)


def _rings(fleet: Fleet, shared: Shared) -> Mapping[Pool, tuple[mmap.mmap, Sequence[Region]]]:
    """Return where the jobs of each pool are that takes them out of rings."""
    found: dict[Pool, tuple[mmap.mmap, Sequence[Region]]] = {}
    rings, signing = rings_of(fleet), signing_rings_of(fleet)
    if rings is not None and shared.rings is not None:
        pairs = [(server, verifier) for server in range(fleet.servers) for verifier in range(fleet.verifiers)]
        found[Pool.VERIFIER] = shared.rings.open().memory, [rings.jobs(*pair) for pair in pairs]
    if signing is not None and shared.signing is not None:
        pairs = [(asker, minter) for asker in range(len(fleet.askers)) for minter in range(fleet.minters)]
        found[Pool.MINTER] = shared.signing.open().memory, [signing.jobs(*pair) for pair in pairs]
    return found
