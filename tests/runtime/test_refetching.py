"""How a server has keys fetched: one question for many checks."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from sidecar.core.needs import Decided, RefetchKeys
from sidecar.engine.engine import OverloadError
from sidecar.runtime.serving import refetching
from sidecar.runtime.serving.refetching import LOST_SECONDS, Refetching

_ISSUER, _DIGEST = "https://idp.example", bytes(32)


def _never(_now: float) -> Decided:
    raise AssertionError


def _never_given_up() -> None:
    raise AssertionError


@dataclass
class Scene:
    """A server's end, with time and questions in the test's hand."""

    now: float = 100.0
    asked: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make it."""
        self.refetching = Refetching(self.asked.append, lambda: self.now)

    async def wait(self, seconds: float = 30.0, digest: bytes = _DIGEST) -> None:
        """Wait as a check does."""
        await self.refetching.refetch(RefetchKeys(_ISSUER, digest, seconds, _never, _never_given_up))

    def waiting(self, count: int) -> list["asyncio.Future[None]"]:
        """Have so many wait."""
        return [asyncio.ensure_future(self.wait()) for _ in range(count)]


def run(work: Callable[[Scene], Awaitable[None]]) -> Scene:
    """Do it, in a loop."""
    scene = Scene()

    async def all_of_it() -> None:
        async with asyncio.timeout(60):
            await work(scene)

    asyncio.run(all_of_it())
    return scene


async def _turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_one_question_for_all() -> None:
    """However many checks wait, one question is asked; its answer ends the waiting of all."""

    async def work(scene: Scene) -> None:
        waiting = scene.waiting(100)
        await _turns()
        assert scene.refetching.worthwhile(_ISSUER)
        scene.refetching.answered(_DIGEST, 5.0)
        await asyncio.gather(*waiting)

    assert run(work).asked == [_DIGEST]


def test_answer_stands_for_a_while() -> None:
    """After an answer it is not worth asking until the time it gave is over, nor for less than a moment."""

    async def work(scene: Scene) -> None:
        for pause, least in ((5.0, 5.0), (0.0, refetching.LEAST_PAUSE), (-1.0, refetching.LEAST_PAUSE)):
            assert scene.refetching.worthwhile(_ISSUER)
            waiting = scene.waiting(1)
            await _turns()
            scene.refetching.answered(_DIGEST, pause)
            await asyncio.gather(*waiting)
            assert not scene.refetching.worthwhile(_ISSUER)
            assert scene.refetching.worthwhile("https://other.example")
            scene.now += least + 0.001

    assert len(run(work).asked) == 3


def test_nobody_waits_longer_than_they_may() -> None:
    """Without an answer a check goes on after its time, and the question stays asked."""

    async def work(scene: Scene) -> None:
        await scene.wait(0.01)
        await scene.wait(0.01)

    assert run(work).asked == [_DIGEST]


def test_lost_question_is_asked_again() -> None:
    """Whoever was asked may have been killed: after a while the same is asked again."""

    async def work(scene: Scene) -> None:
        await scene.wait(0.01)
        scene.now += LOST_SECONDS
        waiting = scene.waiting(1)
        await _turns()
        scene.refetching.answered(_DIGEST, 1.0)
        await asyncio.gather(*waiting)

    assert run(work).asked == [_DIGEST] * 2


def test_another_trust_has_all_look_again() -> None:
    """Under another Trust whoever waits looks again at once; who still lacks a key waits for the same answer."""

    async def work(scene: Scene) -> None:
        waiting = scene.waiting(3)
        await _turns()
        scene.refetching.changed()
        await asyncio.gather(*waiting)
        assert scene.refetching.worthwhile(_ISSUER)
        again = scene.waiting(3)
        await _turns()
        scene.refetching.answered(_DIGEST, 1.0)
        await asyncio.gather(*again)

    assert run(work).asked == [_DIGEST]


def test_answers_that_nobody_asked_for() -> None:
    """An answer that is late, or about something else, ends nobody's waiting and keeps nobody from asking."""

    async def work(scene: Scene) -> None:
        scene.refetching.answered(b"x" * 32, 1000.0)
        scene.refetching.answered(_DIGEST, 1000.0)
        assert scene.refetching.worthwhile(_ISSUER)
        waiting = scene.waiting(1)
        await _turns()
        scene.refetching.answered(b"x" * 32, 1000.0)
        await _turns()
        assert not waiting[0].done()
        scene.refetching.answered(_DIGEST, 0.0)
        await asyncio.gather(*waiting)

    run(work)


def test_issuer_that_was_configured_anew_while_it_was_asked() -> None:
    """The question about its new configuration counts; an answer about the old one does not."""

    async def work(scene: Scene) -> None:
        await scene.wait(0.01)
        scene.now += LOST_SECONDS
        waiting = asyncio.ensure_future(scene.wait(digest=b"n" * 32))
        await _turns()
        scene.refetching.answered(_DIGEST, 1000.0)
        await _turns()
        assert not waiting.done()
        scene.refetching.answered(b"n" * 32, 0.0)
        await waiting

    assert run(work).asked == [_DIGEST, b"n" * 32]


def test_too_many_are_shed(monkeypatch: pytest.MonkeyPatch) -> None:
    """More checks than there is room for are told to come back; those that waited are served."""
    monkeypatch.setattr(refetching, "MOST_WAITING", 10)

    async def work(scene: Scene) -> None:
        waiting = scene.waiting(10)
        await _turns()
        with pytest.raises(OverloadError):
            await scene.wait()
        waiting.pop().cancel()
        await _turns()
        waiting += scene.waiting(1)
        await _turns()
        scene.refetching.answered(_DIGEST, 1.0)
        await asyncio.gather(*waiting)

    run(work)
