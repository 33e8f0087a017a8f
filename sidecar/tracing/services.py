"""What checks need from outside, with a note of each time that one which is traced needed it."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from time import time_ns
from typing import TypeVar

from sidecar.core.hooked import HookAnswers
from sidecar.core.needs import AskHooks
from sidecar.engine.engine import Services
from sidecar.tracing.recording import Recording, current

_Need = TypeVar("_Need")
_Result = TypeVar("_Result")
_Answers = HookAnswers | Awaitable[HookAnswers]

VERIFY, REFETCH, INTROSPECT, MINT, HOOKS = "verify", "refetch keys", "introspect", "mint", "hooks"
#: Facts of a step: how it failed, and which hooks were asked.
ERROR, ASKED = "error", "hooks"


def traced(services: Services) -> Services:
    """Return services that do the same, and note it."""
    return Services(
        verify=_noted(VERIFY, services.verify),
        refetch=_noted(REFETCH, services.refetch),
        introspect=_noted(INTROSPECT, services.introspect),
        mint=_noted(MINT, services.mint),
        ask=_asking(services.ask),
    )


def _noted(name: str, serve: Callable[[_Need], Awaitable[_Result]]) -> Callable[[_Need], Awaitable[_Result]]:
    def noted(need: _Need) -> Awaitable[_Result]:
        recording = current()
        return serve(need) if recording is None else _awaited(name, recording, serve(need), time_ns())

    return noted


def _asking(ask: Callable[[AskHooks], _Answers]) -> Callable[[AskHooks], _Answers]:
    """Do the same for hooks, which may answer at once."""

    def noted(need: AskHooks) -> _Answers:
        recording = current()
        if recording is None:
            return ask(need)
        began = time_ns()
        recording.facts[ASKED] = ",".join(hook.name for hook in need.hooks)
        with _failing(HOOKS, recording, began):
            answers = ask(need)
        if not isinstance(answers, HookAnswers):
            return _awaited(HOOKS, recording, answers, began)
        recording.step(HOOKS, began, time_ns())
        return answers

    return noted


async def _awaited(name: str, recording: Recording, answer: Awaitable[_Result], began: int) -> _Result:
    with _failing(name, recording, began):
        result = await answer
    recording.step(name, began, time_ns())
    return result


@contextmanager
def _failing(name: str, recording: Recording, began: int) -> Iterator[None]:
    """Note a step that ends in an error, or is given up: that is when a trace is wanted most."""
    try:
        yield
    except BaseException as error:
        recording.facts[ERROR] = type(error).__name__
        recording.step(name, began, time_ns())
        raise
