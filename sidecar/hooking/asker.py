"""Asking hooks, one after the other, each where it belongs."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from sidecar.core.hooked import ENDS, HookAnswer, HookAnswers, HookResult
from sidecar.core.needs import AskHooks
from sidecar.core.policy.hook import Hook
from sidecar.engine.engine import OverloadError
from sidecar.hooking.facts import HookFacts
from sidecar.hooking.pool import HookPool
from sidecar.hooking.results import Results
from sidecar.hooking.runner import Runner, Ways
from sidecar.hooking.views import Question, question

_log = logging.getLogger(__name__)


class Meter(Protocol):
    """Counts. ``hook`` is a hook's place in the configuration."""

    def began(self, hook: int) -> None:
        """Note that one is asked."""

    def ended(self, hook: int, result: HookResult, seconds: float) -> None:
        """Note what came of it."""

    def shed(self, hook: int) -> None:
        """Note that it could not be asked."""

    def kept(self, hook: int) -> None:
        """Note that it was not asked, since its result was kept."""

    def moved(self, hook: int) -> None:
        """Note that it is asked in a process of its own from now on."""

    def unfinished(self, hook: int) -> bool:
        """Say whether the process before this one ended while it asked it, and note that as a failure."""


class Asker:
    """Asks for one server. ``open`` in its loop before the first check, ``close`` after the last."""

    def __init__(
        self,
        facts: Sequence[HookFacts],
        ways: Sequence[Ways],
        pool: HookPool,
        meter: Meter,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._runners = {
            one.call: Runner(number, one, way, pool, clock)
            for number, (one, way) in enumerate(zip(facts, ways, strict=True))
        }
        self._pool = pool
        self._meter = meter
        self._clock = clock
        self._results = Results(time.monotonic)
        self._opening: asyncio.Task[None] | None = None

    @property
    def processes(self) -> int:
        """Return how many processes are ready to ask hooks."""
        return self._pool.processes

    @property
    def waiting(self) -> int:
        """Return how many checks wait for one of those."""
        return self._pool.waiting

    async def open(self) -> None:
        """Start the processes that hooks are asked in, if there are such hooks."""
        for runner in self._runners.values():
            # A plain function that never comes back has its server killed. The next one does not ask it here.
            if self._meter.unfinished(runner.number) and runner.move():
                self._note_move(runner, "the server before this one ended while it asked it")
        if any(runner.is_pooled for runner in self._runners.values()):
            await self._pool.open()

    async def close(self) -> None:
        """End all that is under way."""
        for runner in self._runners.values():
            await runner.close()
        if self._opening is not None:
            self._opening.cancel()
        await self._pool.close()

    def ask(self, need: AskHooks) -> HookAnswers | Awaitable[HookAnswers]:
        """Ask what ``need`` names; raises ``OverloadError``, as does what it returns.

        The answers at once where nobody has to be waited for.
        """
        answers: list[HookAnswer] = []
        for place, hook in enumerate(need.hooks):
            runner = self._runners[hook.name]
            asked = question(need.request, need.identity, runner.facts.declared)
            key = self._results.key(hook, runner.facts.declared, need, asked)
            answer = self._known(runner, key)
            if answer is None:
                if not runner.is_inline:
                    return self._go_on(need, place, answers)
                answer = self._inline(runner, asked, key)
            answers.append(answer)
            if answer.result in ENDS:
                break
        return HookAnswers(need.trust_digest, tuple(answers))

    async def _go_on(self, need: AskHooks, place: int, answers: list[HookAnswer]) -> HookAnswers:
        for hook in need.hooks[place:]:
            answers.append(await self._one(need, hook))
            if answers[-1].result in ENDS:
                break
        return HookAnswers(need.trust_digest, tuple(answers))

    async def _one(self, need: AskHooks, hook: Hook) -> HookAnswer:
        runner = self._runners[hook.name]
        asked = question(need.request, need.identity, runner.facts.declared)
        key = self._results.key(hook, runner.facts.declared, need, asked)
        known = self._known(runner, key)
        if known is not None:
            return known
        if runner.is_inline:
            return self._inline(runner, asked, key)
        began = self._clock()
        self._meter.began(runner.number)
        try:
            answer = await runner.wait(asked)
        except OverloadError:
            self._meter.shed(runner.number)
            raise
        except BaseException:
            # The check's deadline, or a caller that went away.
            self._meter.ended(runner.number, HookResult.TIMEOUT, self._clock() - began)
            raise
        self._meter.ended(runner.number, answer.result, self._clock() - began)
        return self._keep(runner, key, answer)

    def _inline(self, runner: Runner, asked: Question, key: bytes | None) -> HookAnswer:
        began = self._clock()
        self._meter.began(runner.number)
        answer = runner.ask(asked)
        self._meter.ended(runner.number, answer.result, self._clock() - began)
        if answer.result is HookResult.TIMEOUT:
            self._prepare()
        if runner.is_too_slow() and runner.move():
            self._note_move(runner, "it went over its budget too often")
        return self._keep(runner, key, answer)

    def _prepare(self) -> None:
        """Start the processes before they are needed: a check does not wait so long."""
        if self._opening is None:
            self._opening = asyncio.get_running_loop().create_task(self._pool.open())

    def _known(self, runner: Runner, key: bytes | None) -> HookAnswer | None:
        found = None if key is None else self._results.get(key)
        if found is not None:
            self._meter.kept(runner.number)
        return found

    def _keep(self, runner: Runner, key: bytes | None, answer: HookAnswer) -> HookAnswer:
        if key is not None:
            self._results.put(key, answer, runner.facts.declared.ttl)
        return answer

    def _note_move(self, runner: Runner, why: str) -> None:
        self._meter.moved(runner.number)
        _log.warning("hook %s is asked in a process of its own from now on: %s", runner.facts.call, why)
