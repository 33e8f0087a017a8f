"""When the configuration is read anew: on request, when one of its files has changed, and again after a failure."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from sidecar.core.trust import Trust
from sidecar.loading.trust import Loaded
from sidecar.memory.counters import Row
from sidecar.observe.series import RELOAD, Reload
from sidecar.runtime.control.reload import Reading, ReloadError, files_of, fingerprint, read_again

#: Seconds between two looks at the files.
WATCH_SECONDS = 2.0
#: Seconds until what failed is tried again, whatever it was; each further failure in a row doubles them.
RETRY_SECONDS, LONGEST_RETRY_SECONDS = 1.0, 60.0

_log = logging.getLogger(__name__)


class Reloads:
    """Reads the files of ``config`` anew and has ``apply`` bring what is new to all who serve.

    ``trust`` and ``shown``, the configuration's plain values, are of what is in force. Counts in ``row``.
    """

    def __init__(
        self,
        config: Path,
        values: Mapping[str, object],
        loaded: Loaded,
        apply: Callable[[Reading], Awaitable[None]],
        row: Row,
    ) -> None:
        self.trust: Trust = loaded.trust
        self.shown = values
        self.last_at: float | None = None  #: seconds since the epoch
        self._config = config
        self._settings = loaded.settings
        self._apply = apply
        self._row = row
        self._asked = asyncio.Event()
        self._seen = fingerprint(files_of(config, loaded.settings))
        self._failures = 0
        self._last_refusal = ""

    def ask(self) -> None:
        """Have the files read anew, soon."""
        self._asked.set()

    async def watch(self) -> None:
        """Ask whenever a file has changed that was read last, be it for a configuration that was refused."""
        noticed = self._seen
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            now = fingerprint(self._seen)
            if now not in (self._seen, noticed):
                self.ask()
            noticed = now

    async def work(self) -> None:
        """Do what was asked for, and try again what failed."""
        while True:
            try:
                async with asyncio.timeout(self._retry_seconds()):
                    await self._asked.wait()
            except TimeoutError:
                _log.debug("reading the configuration again, since it could not be taken")
            self._asked.clear()
            try:
                await self._read()
                self._failures, self._last_refusal = 0, ""
            except ReloadError as error:
                self._failures += 1
                self._seen = error.seen
                self._refuse(str(error))
            except Exception:  # noqa: BLE001 - the old configuration stays in force, and the next time it may work
                self._failures += 1
                self._row.add(RELOAD[Reload.REFUSED])
                _log.exception("reload failed; trying again in %g s", self._retry_seconds())

    def _retry_seconds(self) -> float | None:
        # Bounded before it is raised: it may be wrong for days.
        return (
            min(RETRY_SECONDS * 2.0 ** min(self._failures - 1, 16), LONGEST_RETRY_SECONDS) if self._failures else None
        )

    def _refuse(self, text: str) -> None:
        """Say what is wrong, once: it is read again and again, for the fault may have been the reading's alone."""
        if text == self._last_refusal:
            return
        self._last_refusal = text
        self._row.add(RELOAD[Reload.REFUSED])
        for line in text.splitlines():
            _log.error("new configuration refused, the old stays in force: %s", line)

    async def _read(self) -> None:
        reading = await asyncio.to_thread(read_again, self._config, self._settings)
        if reading.loaded.trust.digest == self.trust.digest:
            _log.debug("configuration read again: nothing has changed")
        else:
            await self._apply(reading)
            self._take(reading)
        self._seen = reading.seen

    def _take(self, reading: Reading) -> None:
        self.trust = reading.loaded.trust
        self._settings, self.shown = reading.loaded.settings, reading.snapshot.values
        self.last_at = time.time()
        self._row.add(RELOAD[Reload.OK])
        for warning in reading.loaded.warnings:
            _log.warning("%s", warning)
        _log.info("new configuration in force")
