"""The Trust that a process decides by, and the next one while it is being made."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sidecar.core.trust import Trust
from sidecar.loading.snapshot import decode
from sidecar.loading.trust import KeySetError


class PrepareError(ValueError):
    """A snapshot of which this process can make no Trust. The text says why."""


@dataclass(slots=True)
class Holder:
    """``trust`` is in force. It is replaced as a whole, in the event loop, between two checks."""

    trust: Trust
    changed: Callable[[Trust], None] = lambda _trust: None
    _next: tuple[int, Trust] | None = None

    def reader(self) -> Callable[[], Trust]:
        """Return what returns the Trust in force. It is C from end to end, since each check asks."""
        return partial(getattr, self, "trust")

    async def prepare(self, generation: int, snapshot: bytes) -> bytes:
        """Make a Trust and keep it ready; return its digest. Checks go on meanwhile. Raises ``PrepareError``."""
        try:
            trust = await asyncio.to_thread(_compile, snapshot)
        except (ValueError, KeySetError) as error:
            raise PrepareError(str(error)) from None
        self._next = (generation, trust)
        return trust.digest

    def commit(self, generation: int) -> bytes | None:
        """Decide by what was prepared as this generation, and return its digest; ``None`` where that is not there."""
        if self._next is None or self._next[0] != generation:
            return None
        self.trust, self._next = self._next[1], None
        self.changed(self.trust)
        return self.trust.digest


def _compile(snapshot: bytes) -> Trust:
    return decode(snapshot).compile().trust
