"""Hooks as the core knows them, and what they say, without any Python of anybody's."""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any

from sidecar.core.hooked import ENDS, HookAnswer, HookAnswers, HookResult
from sidecar.core.needs import AskHooks, Decided, Step, Verify
from sidecar.core.path import PathMode
from sidecar.core.policy.hook import Hook
from sidecar.loading.policy import operations_of
from sidecar.settings.policy import OperationSettings
from support.checks import verdict
from support.tokens import NOW

#: What a hook says of a need.
Says = Callable[[AskHooks], HookAnswer]


def hook(name: str = "rules:one", on: Sequence[dict[str, Any]] = (), **changes: Any) -> Hook:  # noqa: ANN401 - any field
    """Return a hook that declares nothing, but for ``changes``."""
    operations = [OperationSettings.model_validate(one) for one in on]
    fields: dict[str, Any] = {
        "name": name,
        "digest": blake2b(name.encode(), digest_size=32).digest(),
        "may_allow": False,
        "anonymous": False,
        "reads_headers": frozenset(),
        "sets_headers": frozenset(),
        "asked_at": operations_of(operations, PathMode.REJECT, keeps_out=True),
        "allows_at": operations_of(operations, PathMode.REJECT, keeps_out=False),
    }
    return Hook(**fields | changes)


def saying(name: str = "rules:one", result: HookResult = HookResult.NOTHING, **more: Any) -> HookAnswer:  # noqa: ANN401
    """Return what a hook says."""
    return HookAnswer(name, result, **more)


def answers_to(need: AskHooks, said: dict[str, HookAnswer]) -> HookAnswers:
    """Return what hooks say, up to the first that ends the request; nothing of those that are not among ``said``."""
    found: list[HookAnswer] = []
    for one in need.hooks:
        found.append(said.get(one.name, saying(one.name)))
        if found[-1].result in ENDS:
            break
    return HookAnswers(need.trust_digest, tuple(found))


def finish(step: Step, said: dict[str, HookAnswer], asked: list[AskHooks], now: float = NOW) -> Decided:
    """Take a check to its end, its hooks saying ``said``; ``asked`` becomes what they were asked."""
    while not isinstance(step, Decided):
        if isinstance(step, AskHooks):
            asked.append(step)
            step = step.resume(answers_to(step, said), now)
            continue
        assert isinstance(step, Verify), step
        step = step.resume(verdict(step), now)
    return step
