"""One hook, and the way it is asked: here, in the loop, or in a process of its own."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from sidecar.core.hooked import HookAnswer
from sidecar.hooking.calling import Caller
from sidecar.hooking.facts import HookFacts
from sidecar.hooking.finding import Found, HookError, find
from sidecar.hooking.inline import Inline
from sidecar.hooking.pool import HookPool, Job
from sidecar.hooking.saying import Limits, failed
from sidecar.hooking.views import Question
from sidecar.hooking.waiting import Waiting

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ways:
    """What the configuration says of one. ``budget`` and ``timeout`` are in seconds, ``moves_after`` is a count."""

    budget: float
    moves_after: int
    timeout: float
    max_in_flight: int
    max_header_bytes: int


class Runner:
    """``number`` is its place in the configuration. Imports the hook, unless it is for other processes alone."""

    def __init__(self, number: int, facts: HookFacts, ways: Ways, pool: HookPool, clock: Callable[[], float]) -> None:
        self.number = number
        self.facts = facts
        self._pool = pool
        timeout = facts.declared.timeout or ways.timeout
        self._job = Job(facts.call, facts.digest, timeout)
        self._broken: str | None = None
        self._inline: Inline | None = None
        self._waiting: Waiting | None = None
        self.is_pooled = facts.declared.cpu_bound
        if self.is_pooled:
            return
        found = self._found()
        if found is None:
            return
        caller = Caller(found, Limits(frozenset(found.declared.sets_headers), ways.max_header_bytes))
        if found.is_async:
            self._waiting = Waiting(facts.call, caller, timeout, ways.max_in_flight)
        else:
            self._inline = Inline(facts.call, caller, ways.budget, ways.moves_after, clock)

    @property
    def is_inline(self) -> bool:
        """Say whether it is asked by ``ask``; else by ``wait``."""
        return self._broken is not None or (self._inline is not None and not self.is_pooled)

    def ask(self, asked: Question) -> HookAnswer:
        """Ask it here."""
        if self._broken is not None or self._inline is None:
            return failed(self.facts.call, self._broken or "it is asked elsewhere")
        return self._inline.ask(asked)

    async def wait(self, asked: Question) -> HookAnswer:
        """Ask it; raises ``OverloadError``."""
        if self._waiting is not None:
            return await self._waiting.ask(asked)
        await self._pool.open()
        return await self._pool.ask(self._job, asked)

    def is_too_slow(self) -> bool:
        """Say whether it should be asked elsewhere."""
        return self._inline is not None and self._inline.is_too_slow()

    def move(self) -> bool:
        """Ask it elsewhere from now on; say whether it was asked here until now."""
        if self._inline is None or self.is_pooled:
            return False
        self.is_pooled = True
        return True

    async def close(self) -> None:
        """End what is under way."""
        if self._waiting is not None:
            await self._waiting.close()

    def _found(self) -> Found | None:
        """Import it. What cannot be asked any more denies whatever it would have been asked about."""
        try:
            found = find(self.facts.call)
        except HookError as error:
            self._broken = str(error)
        else:
            # INVARIANT: nobody is asked but whoever the Trust's digest names.
            if found.digest.hex() == self.facts.digest:
                return found
            self._broken = f"{found.file} has changed since the sidecar started; restart it"
        _log.error("hook %s: %s; until then it denies whatever it is asked about", self.facts.call, self._broken)
        return None
