"""Made-up keys are counted however a check ends: its deadline, or a caller that goes away, is no way round that."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest

from sidecar.core.check import Checker
from sidecar.core.needs import RefetchKeys
from sidecar.engine.engine import Engine, OverloadError, Services
from sidecar.verify.gate import Gate
from sidecar.verify.inline import verify_inline
from sidecar.verify.routing import usual_budget
from support.answers import read_answer
from support.keypairs import pair
from support.requests import with_token
from support.tokens import NOW, mint
from support.trusts import issuer, trust

_RAW = with_token(mint(key=pair(key_id="made-up", owner="made-up")))


@dataclass
class Scene:
    """An engine whose issuer takes for ever; ``gate`` is the one that servers have."""

    gate: Gate = field(default_factory=lambda: Gate(usual_budget(), clock=lambda: 1000.0))
    waiting: int = 0
    overloaded: bool = False

    def __post_init__(self) -> None:
        """Make the engine."""
        remote = trust(issuers=[issuer(refetch_wait=30.0)])
        checker = Checker(lambda: remote, gate=self.gate, refetches=self)
        services = Services(verify_inline, refetch=self._refetch)
        self.engine = Engine(checker, services, lambda: NOW, lambda: "api")

    def worthwhile(self, _issuer: str) -> bool:
        """Have every check wait."""
        return True

    async def _refetch(self, _need: RefetchKeys) -> None:
        if self.overloaded:
            raise OverloadError
        self.waiting += 1
        await asyncio.Event().wait()

    async def by_deadline(self) -> str:
        """End a check by its deadline, and say why it ended."""
        return read_answer(await self.engine.check(_RAW, 0.001)).reason or ""

    async def by_leaving(self) -> str:
        """End a check by going away."""
        task = asyncio.ensure_future(self.engine.check(_RAW, 60.0))
        waiting = self.waiting
        while self.waiting == waiting and not task.done():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)
        task.cancel()
        found = (await asyncio.gather(task, return_exceptions=True))[0]
        return "left" if isinstance(found, BaseException) else read_answer(found).reason or ""


def _reasons(end: Callable[[], Coroutine[Any, Any, str]], count: int) -> list[str]:
    async def all_of_them() -> list[str]:
        return [await end() for _ in range(count)]

    return asyncio.run(all_of_them())


@pytest.mark.parametrize(("way", "ends"), [("by_deadline", "deadline_exceeded"), ("by_leaving", "left")])
def test_made_up_keys_are_counted(way: str, ends: str) -> None:
    """Whoever sends many is turned away, with no wait at all, though no fetch came to an end for them."""
    scene = Scene()
    reasons = _reasons(getattr(scene, way), 200)
    assert set(reasons) == {ends, "overloaded"}
    assert reasons[0] == ends
    assert reasons[-1] == "overloaded"
    assert scene.waiting == reasons.count(ends) < 150


def test_shed_checks_are_not() -> None:
    """A check for which there was no room says nothing about its sender."""
    scene = Scene(overloaded=True)
    _reasons(scene.by_deadline, 200)
    scene.overloaded = False
    assert _reasons(scene.by_deadline, 1) == ["deadline_exceeded"]
