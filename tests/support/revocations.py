"""What control has of revocation, in this process: its list, its clock and whether anybody is let in."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sidecar.core.revocation import UNKNOWN, Kind, Name, digest
from sidecar.core.trust import Trust
from sidecar.engine.denylist import SharedDenylist
from sidecar.memory import segment
from sidecar.memory.counters import CounterTable, size
from sidecar.memory.denylist import Denylist
from sidecar.memory.segment import Segment
from sidecar.observe.series import SCHEMA
from sidecar.runtime.control.revocations import Revocations
from sidecar.settings.revocation import RevocationSettings
from support.denylists import KEY
from support.tokens import ISSUER
from support.trusts import trust

_REAL = time.time


class Clock:
    """The wall clock, which can be set."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.ahead = 0.0
        patch.setattr(time, "time", lambda: _REAL() + self.ahead)


@dataclass
class Node:
    """Memory that outlives whoever writes to it."""

    shared: Segment = field(default_factory=lambda: segment.create(1 << 16))

    @asynccontextmanager
    async def control(
        self, folder: Path, settings: Mapping[str, Any], known: Trust | None = None, *, takes_over: bool = False
    ) -> AsyncIterator[Revocations]:
        """Run what control does until it ends."""
        room = segment.pages(size(SCHEMA, 1))
        with segment.create(room) as counters, CounterTable(counters, SCHEMA, 1) as table:
            made = Revocations(
                settings=RevocationSettings.model_validate(settings),
                folder=folder,
                segment=self.shared,
                key=KEY,
                workers=0,
                trust=known or trust(),
                row=table.row(0),
                takes_over=takes_over,
            )
            try:
                await made.start()
                yield made
            finally:
                await made.stop()

    def knows(self, jti: str) -> bool:
        """Say whether a token's id is on the list."""
        with Denylist(self.shared) as reader:
            return reader.contains(digest(KEY, Name(ISSUER, Kind.JTI, jti)), time.time())

    def lets_in(self) -> bool:
        """Say whether anybody is let in at all."""
        with Denylist(self.shared) as reader:
            return SharedDenylist(reader, KEY).epoch(time.time()) != UNKNOWN


async def until(is_so: Callable[[], object]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


def feed_condition(control: Revocations) -> tuple[bool, str]:
    """Return whether all is well with the feed, and what ails it."""
    (found,) = [one for one in control.state.conditions() if one.name == "revocation-feed"]
    return found.ok, found.reason
