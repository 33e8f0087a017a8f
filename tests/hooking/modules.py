"""Hooks of a test's own: modules written into a folder, and who asks them, without a sidecar around."""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

from sidecar.core.hooked import HookAnswers, HookResult
from sidecar.core.needs import AskHooks
from sidecar.core.policy.hook import Hook
from sidecar.hooking.asker import Asker
from sidecar.hooking.facts import HookFacts
from sidecar.hooking.finding import find, look_into
from sidecar.hooking.pool import HookPool
from sidecar.hooking.runner import Ways
from support.hooks import hook
from support.identities import identity
from support.requests import request
from support.told import Recorded

_NUMBERS = count()
HEAD = "from sidecar.hooks import *\nimport asyncio, os, sys, time\n"
WAYS = Ways(budget=10.0, moves_after=3, timeout=10.0, max_in_flight=4, max_header_bytes=256)
DIGEST = b"t" * 32


@dataclass
class Counted:
    """A meter that notes all of it."""

    events: list[tuple[str, int, str]] = field(default_factory=list)
    left: bool = False

    def began(self, hook: int) -> None:
        """Note it."""
        self.events.append(("began", hook, ""))

    def ended(self, hook: int, result: HookResult, _seconds: float) -> None:
        """Note it."""
        self.events.append(("ended", hook, result.value))

    def shed(self, hook: int) -> None:
        """Note it."""
        self.events.append(("shed", hook, ""))

    def kept(self, hook: int) -> None:
        """Note it."""
        self.events.append(("kept", hook, ""))

    def moved(self, hook: int) -> None:
        """Note it."""
        self.events.append(("moved", hook, ""))

    def unfinished(self, _hook: int) -> bool:
        """Say what the test wants."""
        return self.left

    def count(self, kind: str) -> int:
        """Return how often something was noted."""
        return sum(event[0] == kind for event in self.events)


@dataclass
class Hooks:
    """A module's hooks, and who asks them."""

    facts: Sequence[HookFacts]
    folder: Path
    meter: Counted
    pool: HookPool
    told: Recorded
    asker: Asker

    def hook(self, number: int = 0) -> Hook:
        """Return one as the core knows it."""
        one = self.facts[number]
        return hook(one.call, digest=bytes.fromhex(one.digest), sets_headers=frozenset(one.declared.sets_headers))

    def need(self, numbers: Sequence[int] = (0,), trust_digest: bytes = DIGEST, **more: Any) -> AskHooks:  # noqa: ANN401
        """Return what asks them about a request of Alice's with these changes."""
        who = more.pop("identity", identity(sub="alice"))
        hooks = tuple(self.hook(number) for number in numbers)
        return AskHooks(hooks, request(**more), who, trust_digest, lambda _answers, _now: None)  # type: ignore[arg-type, return-value]

    async def ask(self, *numbers: int, **more: Any) -> HookAnswers:  # noqa: ANN401 - as above
        """Ask them."""
        found = self.asker.ask(self.need(numbers or (0,), **more))
        return found if isinstance(found, HookAnswers) else await found

    async def one(self, **more: Any) -> tuple[HookResult, str]:  # noqa: ANN401 - as above
        """Ask the first; return what it says, and why."""
        (answer,) = (await self.ask(**more)).answers
        return answer.result, answer.detail


@contextmanager
def hooks(
    folder: Path,
    text: str,
    *names: str,
    workers: int = 1,
    clock: Callable[[], float] | None = None,
    left: bool = False,
    **ways: Any,  # noqa: ANN401 - fields of Ways
) -> Iterator[Hooks]:
    """Write a module, and ask its functions ``names`` (``check``)."""
    module = f"hooks_of_test_{next(_NUMBERS)}"
    (folder / f"{module}.py").write_text(HEAD + text, encoding="utf-8")
    look_into(str(folder))
    try:
        facts = [HookFacts.of(find(f"{module}:{name}")) for name in names or ("check",)]
        calculate = [(one.call, one.digest) for one in facts if one.declared.cpu_bound]
        orders = {"folder": str(folder), "hooks": calculate, "max_header_bytes": 256}
        told = Recorded()
        pool = HookPool(workers, {**orders, "log_level": "error", "log_format": "%(message)s"}, told)
        meter = Counted(left=left)
        more = {} if clock is None else {"clock": clock}
        asker = Asker(facts, [replace(WAYS, **ways)] * len(facts), pool, meter, **more)
        yield Hooks(facts, folder, meter, pool, told, asker)
    finally:
        if str(folder) in sys.path:
            sys.path.remove(str(folder))
        sys.modules.pop(module, None)


def run(made: Hooks, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a test's work while the asker is open."""

    async def whole() -> None:
        await made.asker.open()
        try:
            async with asyncio.timeout(60):
                await work()
        finally:
            await made.asker.close()

    asyncio.run(whole())
