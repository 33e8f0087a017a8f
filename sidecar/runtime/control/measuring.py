"""What control tells Prometheus, put together from where it is known."""

import time
from collections.abc import Callable, Coroutine
from pathlib import Path

from sidecar.core.trust import Trust
from sidecar.memory.cache import SharedCache
from sidecar.memory.counters import CounterTable
from sidecar.memory.scoreboard import Scoreboard
from sidecar.observe.allowance import AllowanceFacts
from sidecar.observe.build import build_facts
from sidecar.observe.exposition import Exposition
from sidecar.observe.facts import Facts, RevocationFacts
from sidecar.observe.shape import Shape
from sidecar.runtime.control.certificates import OwnCertificates
from sidecar.runtime.control.key_facts import key_facts
from sidecar.runtime.control.pool_load import PoolLoad, pools_of, size_of
from sidecar.runtime.control.rotation import KeyUses
from sidecar.runtime.control.usage import UsageWatch
from sidecar.runtime.control.watch import Reloads
from sidecar.runtime.ipc.fleet import Fleet
from sidecar.runtime.ipc.shared import Shared
from sidecar.settings import Settings


class Measuring:
    """``follow`` it in a task. ``hash_processes`` returns how many there are that hash, ``revocation`` how that is.

    ``allowance`` returns what the machine leaves to us.
    """

    def __init__(  # noqa: PLR0913 - one for each source
        self,
        *,
        settings: Settings,
        folder: Path,
        fleet: Fleet,
        shared: Shared,
        board: tuple[Scoreboard, CounterTable],
        cache: SharedCache,
        reloads: Reloads,
        key_uses: KeyUses,
        hash_processes: Callable[[], int],
        revocation: Callable[[], RevocationFacts | None],
        allowance: Callable[[], AllowanceFacts],
    ) -> None:
        self._settings, self._fleet, self._board, self._cache = settings, fleet, board, cache
        self._reloads, self._key_uses, self._revocation = reloads, key_uses, revocation
        self._allowance = allowance
        self._usage = UsageWatch(fleet, *board, OwnCertificates(settings, folder))
        self.pools = pools_of(settings, fleet)
        self._load = PoolLoad(self.pools, fleet, shared, board[0], hash_processes)

    @property
    def follow(self) -> Callable[[], Coroutine[object, object, None]]:
        """Return what looks at processes and pools, again and again."""
        return self._usage.follow

    def exposition(self) -> Exposition:
        """Return the metrics."""
        hooks = [hook.name for hook in self._trust.hooks]
        return Exposition(
            table=self._board[1],
            scoreboard=self._board[0],
            names=self._fleet.names,
            build=build_facts(),
            facts=self.facts,
            clock=time.monotonic,
            shape=Shape(
                hooks,
                frozenset(self.pools),
                native=self._settings.is_native,
                forward_auth=self._settings.forward_auth is not None,
            ),
        )

    def facts(self) -> Facts:
        """Return what neither counters nor scoreboard know, as it is now."""
        trust, reloads = self._trust, self._reloads
        fetching = reloads.fetching
        return Facts(
            trust_digest=trust.digest,
            last_reload_at=reloads.last_at,
            reload_ok=reloads.ok,
            cache_slots={"positive": self._cache.slots, "negative": self._cache.negative_slots},
            revocation=self._revocation(),
            key_sets=key_facts(trust, reloads.documents, fetching.sources, reloads.rotation, self._key_uses),
            dry_run=trust.policy.dry_run,
            bundle=None if fetching.bundle is None else fetching.bundle.facts(),
            certificates=self._usage.certificates.until,
            pools=self._load.facts(self._usage),
            pool_size=size_of(self._fleet, self._board[0]),
            processes=self._usage.processes(),
            system_percent=self._usage.usage.machine_percent,
            allowance=self._allowance(),
        )

    @property
    def _trust(self) -> Trust:
        return self._reloads.trust
