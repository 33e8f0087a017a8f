"""The cache's identities, kept for the next start, and put back after one (docs/warm-up.md).

    start ─> keys are there, and what is revoked is known ─> snapshot believed? ─> into the cache
    every so often, and at the end: cache ─> sealed snapshot ─> file, in the place of the last one

Whatever goes wrong is said, and costs the time that verifying takes: nobody is let in or kept out by it.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

from sidecar.core.trust import Trust
from sidecar.engine.records import may_be_kept
from sidecar.memory.cache import SharedCache
from sidecar.settings.warm_up import WarmUpSettings
from sidecar.warming.file import read_private, write_private
from sidecar.warming.snapshot import Remembered, SnapshotError, seal, unseal

#: Seconds between two looks whether it can be restored, and after which it is not tried any more.
LOOK_SECONDS, PATIENCE = 0.1, 60.0
#: Bytes of the largest snapshot beyond what the cache itself has room for: expiry, length and key of each entry.
_MORE = 1 << 20

_log = logging.getLogger(__name__)


class NotReadyError(RuntimeError):
    """It cannot be restored now: it is not known yet which keys there are, or what is revoked."""


class WarmUp:
    """``follow`` it in a task. ``key`` seals. ``is_ready``: whether keys and denylist are what they are to be.

    ``restore_first``: whether this is a start, and not one control process in another's place.
    """

    def __init__(  # noqa: PLR0913 - what there is to it, once
        self,
        settings: WarmUpSettings,
        folder: Path,
        cache: SharedCache,
        key: bytes,
        *,
        trust: Callable[[], Trust],
        is_ready: Callable[[], bool],
        restore_first: bool,
    ) -> None:
        self._every, self.file = settings.every_seconds, folder / settings.snapshot_file
        self._cache, self._key = cache, key
        self._trust, self._is_ready = trust, is_ready
        self._restore_first = restore_first
        #: Not asyncio's: whoever is cancelled waits no longer for the thread, which goes on.
        self._alone = threading.Lock()

    async def follow(self) -> None:
        """Restore once that can be, then keep the snapshot fresh, until cancelled."""
        if self._restore_first:
            await self._restore_soon()
            self._restore_first = False
        while True:
            await asyncio.sleep(self._every)
            await self.keep()

    async def keep(self) -> None:
        """Write the snapshot as of now, unless nobody is in it; raises nothing.

        What is to be restored yet is not replaced by the little that is known before.
        """
        if self._restore_first:
            return
        try:
            number = await asyncio.to_thread(self._keep, self._trust().digest)
        except OSError as error:
            _log.warning("%s: the snapshot was not written: %s", self.file, error)
            return
        _log.debug("%s: %d identities kept", self.file, number)

    async def restore(self, file: Path) -> int:
        """Put what is in ``file`` into the cache; return how many identities.

        Raises ``NotReadyError``, ``OSError`` for a file that is not read, and ``SnapshotError`` for one not believed.
        """
        # INVARIANT: only under the Trust that is to hold, and once it is known what is revoked.
        if not self._is_ready():
            raise NotReadyError("keys or denylist are not complete yet; try again in a moment")
        return await asyncio.to_thread(self._restore, file, self._trust().digest)

    async def _restore_soon(self) -> None:
        until = time.monotonic() + PATIENCE
        while not self._is_ready():
            if time.monotonic() > until:
                _log.warning("%s: not restored: keys or denylist were not complete for %g s", self.file, PATIENCE)
                return
            await asyncio.sleep(LOOK_SECONDS)
        try:
            number = await self.restore(self.file)
        except FileNotFoundError:
            _log.info("%s: there is no snapshot; the cache begins empty", self.file)
        except (OSError, SnapshotError, NotReadyError) as error:
            _log.warning("%s: the snapshot is not restored: %s", self.file, error)
        else:
            _log.info("%s: %d identities restored", self.file, number)

    def _keep(self, trust_digest: bytes) -> int:
        now, number = time.time(), 0

        def entries() -> Iterator[Remembered]:
            nonlocal number
            for one in self._cache.entries(now):
                if may_be_kept(one[1]):
                    number += 1
                    yield Remembered(*one)

        with self._alone:
            found = entries()
            first = next(found, None)
            if first is not None:  # an empty one would take the place of one that may be of use yet
                write_private(self.file, seal(chain((first,), found), trust_digest, now, self._key))
        return number

    def _restore(self, file: Path, trust_digest: bytes) -> int:
        most, number = self._cache.slots * self._cache.max_value_bytes + _MORE, 0
        with self._alone:
            data = read_private(file, most)
            for key, value, expires_at in unseal(data, trust_digest, time.time(), self._key):
                # The time again: it takes a while.
                number += may_be_kept(value) and self._cache.put(key, value, expires_at, time.time())
        return number
