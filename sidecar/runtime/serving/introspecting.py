"""Asking issuers about opaque tokens, in a server that may never have to.

What asks takes aiohttp: 19 MiB in each server, and a quarter of the time until it is ready. So it is imported where an
issuer is asked: before the first check if the configuration has one at the start, else when the first check asks.
"""

import asyncio
import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.core.needs import Introspect, Introspected
from sidecar.core.trust import Trust
from sidecar.introspection.result import Result
from sidecar.memory.counters import Row
from sidecar.observe.series import INTROSPECTION, Introspection

if TYPE_CHECKING:
    from sidecar.introspection.introspector import Introspector

_MODULE = "sidecar.introspection.introspector"


class Introspecting:
    """Asks for one event loop, and counts. ``folder`` is where the files of the configuration are."""

    def __init__(self, folder: Path, row: Row, trust: Trust) -> None:
        self._folder, self._row = folder, row
        self._introspector: Introspector | None = None
        if trust.introspecting:
            importlib.import_module(_MODULE)
            self._open()

    async def introspect(self, need: Introspect) -> Introspected:
        """Answer ``need``; raises ``OverloadError`` where too many questions are under way."""
        if self._introspector is None:
            # In a thread: other checks go on meanwhile. Whoever comes here twice imports it once.
            await asyncio.to_thread(importlib.import_module, _MODULE)
        return await (self._introspector or self._open()).introspect(need)

    async def close(self) -> None:
        """End what is under way, and close all connections."""
        if self._introspector is not None:
            await self._introspector.close()

    def _open(self) -> "Introspector":
        made = importlib.import_module(_MODULE).Introspector(self._folder, self._observe)
        self._introspector = made
        return made  # type: ignore[no-any-return] # a module's that is imported by name

    def _observe(self, result: Result) -> None:
        self._row.add(INTROSPECTION[Introspection[result.name]])
