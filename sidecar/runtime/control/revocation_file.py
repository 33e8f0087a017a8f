"""The file of revocations, watched: read again, all of it, whenever it has changed."""

import asyncio
import logging
from pathlib import Path

from sidecar.keys.fingerprint import fingerprint
from sidecar.memory.denylist_layout import DenylistFullError
from sidecar.observe.revocation_series import Source
from sidecar.revocation.lines import Batch, read_lines
from sidecar.revocation.store import Store

#: Seconds between two looks at the file, and until what failed is tried again.
LOOK_SECONDS, RETRY_SECONDS = 2.0, 5.0
#: Wrong lines that are logged one by one.
_SHOWN = 20

_log = logging.getLogger(__name__)


class RevocationFile:
    """``read`` it once at the start, then ``watch``. ``trouble`` is empty where all that is in it is in force.

    ``complete``: it was read to its end without trouble, once. A file that is wrong from the start is like a wrong
    configuration; one that becomes wrong takes nothing back. ``owed``: the list lacks what is in it.
    """

    def __init__(self, path: Path, store: Store) -> None:
        self.complete = self.owed = False
        self.trouble = "not read yet"
        self._path, self._store = path, store
        self._seen: object = None
        self._failed = False
        self._forgotten = 0  # how often

    def forget(self, *, owed: bool = False) -> None:
        """Have it read again at the next look."""
        self._seen, self.owed = None, self.owed or owed
        self._forgotten += 1

    async def watch(self) -> None:
        """Read it now, and whenever it has changed; for ever."""
        while True:
            found = await asyncio.to_thread(fingerprint, [self._path])
            if found != self._seen or self._failed:
                self._seen, self._failed = found, False
                await self._read_safely()
            await asyncio.sleep(RETRY_SECONDS if self._failed else LOOK_SECONDS)

    async def _read_safely(self) -> None:
        forgotten = self._forgotten
        try:
            wrong = await self.read()
        except OSError as error:
            self._fail(f"cannot be read: {error.strerror}")
        except DenylistFullError as error:
            self._fail(str(error))
        except Exception:  # noqa: BLE001 - what is known stays, and the next time it may work
            _log.exception("reading %s failed", self._path)
            self._fail("an internal error; see the log")
        else:
            self.trouble = f"{wrong} line(s) of {self._path.name} are no entries; see the log" if wrong else ""
            self.complete |= not wrong
            self.owed &= forgotten != self._forgotten  # it was to be read once more, meanwhile

    def _fail(self, why: str) -> None:
        if why != self.trouble:
            _log.error("%s: %s; what is known stays", self._path, why)
        self.trouble, self._failed = why, True

    async def read(self) -> int:
        """Store all that is in it, and return how many lines are wrong; raises ``OSError``, ``DenylistFullError``."""
        wrong = entries = 0
        batches = read_lines(self._path)
        batch = await asyncio.to_thread(next, batches, None)
        while batch is not None:
            entries += len(batch)
            # The next one is read while the hash workers are at this one.
            more, batch = await asyncio.gather(self._take(batch, wrong), asyncio.to_thread(next, batches, None))
            wrong += more
        _log.info("%s: %d revocation(s) read, %d wrong line(s)", self._path, entries, wrong)
        return wrong

    async def _take(self, batch: Batch, before: int) -> int:
        problems = await self._store.put_lines(batch, Source.FILE)
        self._store.refuse(Source.FILE, len(batch.problems))
        lines = [*batch.problems, *problems]
        for number, why in sorted(lines)[: max(0, _SHOWN - before)]:
            _log.error("%s:%d: %s", self._path, number, why)
        return len(lines)
