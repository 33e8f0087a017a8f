"""Identities kept in a snapshot and restored from it, as control does at its start."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from sidecar.core.identity import identity_of
from sidecar.core.strict_json import Json
from sidecar.core.trust import Trust
from sidecar.demo.workspace import AUDIENCE, ISSUER
from sidecar.engine.shared_cache import SharedTokenCache
from sidecar.memory import segment
from sidecar.memory.cache import SharedCache
from sidecar.memory.segment import Segment
from sidecar.runtime.control.warm_up import WarmUp
from sidecar.settings.warm_up import WarmUpSettings

_SECRET, _SEAL = bytes(32), bytes(range(32))


@dataclass(frozen=True, slots=True)
class Identities:
    """So many identities under a trust, and the folder of their snapshot."""

    folder: Path
    trust: Trust
    number: int

    def keep(self) -> float:
        """Put all into a new cache; return the seconds that keeping them takes."""
        now, issuer = time.time(), self.trust.issuers[ISSUER]
        common: dict[str, Json] = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 3600, "scope": "a b c"}
        with self._memory() as memory:
            shared = SharedCache(memory, 1)
            cache = SharedTokenCache(shared, _SECRET)
            for index in range(self.number):
                identity = identity_of({**common, "sub": f"user{index}"}, issuer, issuer.keys.keys[0])
                cache.put(_name(index), identity, now)
            before = time.perf_counter()
            asyncio.run(self._warm_up(shared).keep())
            return time.perf_counter() - before

    def restore(self) -> float:
        """Restore them into a new cache; return the seconds for it. Each must be whom it was; a few may be lost."""
        now = time.time()
        with self._memory() as memory:
            shared = SharedCache(memory, 1)
            before = time.perf_counter()
            asyncio.run(self._warm_up(shared).restore(self.folder / "snapshot"))
            seconds = time.perf_counter() - before
            cache = SharedTokenCache(shared, _SECRET)
            found = [getattr(cache.get(_name(index), self.trust, now), "subject", None) for index in range(self.number)]
        wrong = [one for index, one in enumerate(found) if one not in {None, f"user{index}"}]
        assert not wrong, f"{len(wrong)} identities are another's"  # noqa: S101 - what is measured
        assert found.count(None) <= self.number // 50, f"{found.count(None)} of {self.number} are lost"  # noqa: S101
        return seconds

    def _memory(self) -> Segment:
        return segment.create(512 * max(self.number, 4096) * 3)

    def _warm_up(self, shared: SharedCache) -> WarmUp:
        settings = WarmUpSettings.model_validate({"snapshot_file": "snapshot", "key_file": "unused"})
        return WarmUp(
            settings, self.folder, shared, _SEAL, trust=lambda: self.trust, is_ready=lambda: True, restore_first=False
        )


def _name(index: int) -> bytes:
    return f"token of user {index}".encode()
