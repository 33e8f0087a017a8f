"""Python hooks in a check: when they are asked, and what becomes of their answers.

```
policies ─┬─ deny, insufficient scope ──────────────> that denial
          ├─ allow ──────────────> hooks, in order ─> the first that denies, or the permit with what they add
          └─ no policy allows ─┬─> none may allow ──> that denial
                               └─> hooks, in order ─> the first that denies, or a permit if one allows
```
"""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from sidecar.core.asked import Asked
from sidecar.core.decision import Denial, Permit
from sidecar.core.hooked import HookAnswers
from sidecar.core.identity import Identity
from sidecar.core.needs import AskHooks, Step
from sidecar.core.policy.evaluate import can_allow, enforceable, with_hooks
from sidecar.core.reason import Reason, Refusal

_BY_HOOKS = frozenset({Reason.DENIED_BY_HOOK, Reason.HOOK_FAILED, Reason.HOOK_TIMEOUT})


class Resume(Protocol):
    """Goes on after a wait, under the Trust of before alone."""

    def __call__(
        self, asked: Asked, then: Callable[[HookAnswers, float], Step], answers: HookAnswers, now: float, /
    ) -> Step:
        """Return what ``then`` returns, or begin anew."""


def decide(
    asked: Asked, identity: Identity | None, decision: Permit | Denial, again: Callable[[float], Step], resume: Resume
) -> Permit | Denial | AskHooks:
    """Return the decision with what hooks say to it, or what asks them first; then ``again`` decides anew.

    Raises ``Refusal``. INVARIANT: after the wait everything is looked at again, policies included; the answers alone
    stay, for they are about this very request.
    """
    if asked.hooked is not None:
        return with_hooks(asked.rules, decision, identity, asked.hooked)
    denial = enforceable(decision)
    if isinstance(denial, Denial) and not _may_be_allowed(asked, identity, denial):
        return decision
    then = partial(resume, asked, partial(_answered, asked, again))
    return AskHooks(asked.rules.hooks, asked.request, identity, asked.trust.digest, then)


def may_allow_nobody(asked: Asked) -> bool:
    """Say whether a hook could allow a request without a token that is needed."""
    return any(can_allow(asked.rules, one.name, None) for one in asked.rules.hooks)


def is_for_want_of_one(decision: Permit | Denial) -> bool:
    """Say whether a request without a token is denied, and by no hook: then for want of a token."""
    denial = enforceable(decision)
    return isinstance(denial, Denial) and denial.reason not in _BY_HOOKS


def _may_be_allowed(asked: Asked, identity: Identity | None, denial: Denial) -> bool:
    return denial.reason is Reason.NO_POLICY_ALLOWS and any(
        can_allow(asked.rules, one.name, identity) for one in asked.rules.hooks
    )


def _answered(asked: Asked, again: Callable[[float], Step], answers: HookAnswers, now: float) -> Step:
    if answers.trust_digest != asked.trust.digest:
        raise Refusal(Reason.INTERNAL_ERROR, "answers of hooks under another Trust")
    asked.hooked = answers.answers
    return again(now)
