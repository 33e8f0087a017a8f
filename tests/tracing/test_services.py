"""What a traced check needed is noted, with its times; of others there is nothing."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from sidecar.core.hooked import HookAnswers
from sidecar.core.needs import AskHooks
from sidecar.engine.engine import OverloadError, Services
from sidecar.tracing import recording
from sidecar.tracing.recording import Recording, note
from sidecar.tracing.services import traced
from support.hooks import hook

_ANSWERS = HookAnswers(bytes(32), ())
_ASK: Any = AskHooks((hook("rules:one"), hook("rules:two")), None, None, bytes(32), lambda *_: None)  # type: ignore[arg-type]


async def _done(need: object) -> Any:  # noqa: ANN401 - whatever it is
    await asyncio.sleep(0)
    note("route", "pool")
    return need


async def _broken(_: object) -> Any:  # noqa: ANN401 - nothing
    await asyncio.sleep(0)
    raise OverloadError


def _under(work: Awaitable[Any], under: Recording | None) -> Any:  # noqa: ANN401 - what it comes to
    async def scenario() -> Any:  # noqa: ANN401 - the same
        recording.begin(under)
        return await work

    return asyncio.run(scenario())


def test_each_need_is_a_step() -> None:
    """With what was noted of it, and nothing of the one before."""
    services = traced(Services(_done, _done, _done, _done))
    under = Recording(None, 0)

    async def all_of_them() -> None:
        for serve in (services.verify, services.refetch, services.introspect, services.mint):
            assert await serve("need") == "need"  # type: ignore[arg-type, comparison-overlap]

    _under(all_of_them(), under)
    assert [one.name for one in under.steps] == ["verify", "refetch keys", "introspect", "mint"]
    assert all(one.facts == {"route": "pool"} and 0 < one.began <= one.ended for one in under.steps)
    times = [time for one in under.steps for time in (one.began, one.ended)]
    assert times == sorted(times)


def test_an_error_is_noted_and_raised() -> None:
    """By its class's name, which says no secret."""
    under = Recording(None, 0)

    async def asked() -> None:
        with pytest.raises(OverloadError):
            await traced(Services(_broken)).verify("need")  # type: ignore[arg-type]

    _under(asked(), under)
    assert [(one.name, one.facts) for one in under.steps] == [("verify", {"error": "OverloadError"})]


def test_hooks_at_once_and_later() -> None:
    """Either way it is one step, which names those that were asked."""
    for ask in (lambda _need: _ANSWERS, lambda _need: _done(_ANSWERS)):
        under = Recording(None, 0)

        async def asked(services: Services) -> None:
            answers = services.ask(_ASK)
            assert (answers if isinstance(answers, HookAnswers) else await answers) is _ANSWERS

        _under(asked(traced(Services(_done, ask=ask))), under)
        assert [(one.name, one.facts["hooks"]) for one in under.steps] == [("hooks", "rules:one,rules:two")]


def test_hooks_that_cannot_be_asked() -> None:
    """It is noted and raised."""
    under = Recording(None, 0)

    def shed(_: object) -> HookAnswers:
        raise OverloadError

    async def asked() -> None:
        with pytest.raises(OverloadError):
            traced(Services(_done, ask=shed)).ask(_ASK)

    _under(asked(), under)
    assert [(one.name, one.facts["error"]) for one in under.steps] == [("hooks", "OverloadError")]


def test_not_traced() -> None:
    """Nothing is put around what a check needs."""
    answer = object()
    services = traced(Services(lambda _: answer, ask=lambda _: answer))  # type: ignore[arg-type, return-value]
    assert services.verify("need") is answer  # type: ignore[arg-type]
    assert services.ask(_ASK) is answer
    note("route", "pool")


def test_steps_are_bounded() -> None:
    """However often something is needed."""
    under = Recording(None, 0)
    for number in range(100):
        under.step("verify", number, number)
    assert len(under.steps) == 32
