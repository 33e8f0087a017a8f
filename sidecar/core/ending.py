"""The end of a check, from who asks to the answer.

```
identity, or nobody ─> denylist ─> policies ─> hooks ─> assertion ─> answer
                                                 │          │
                                          outside, and from policies on once more
```
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from sidecar.core import answer, asking
from sidecar.core.asked import Asked
from sidecar.core.asserting import Wanted, wanted
from sidecar.core.assertion import Minted, Renewals
from sidecar.core.cache import Known
from sidecar.core.decision import Denial, Permit
from sidecar.core.identity import Identity
from sidecar.core.needs import AskHooks, Decided, Mint, Step
from sidecar.core.policy.case import Case
from sidecar.core.policy.evaluate import admit_without_identity, evaluate, leads_to, plan, refuse_without_identity
from sidecar.core.policy.plan import Plan
from sidecar.core.reason import Reason, Refusal, refusing_for

#: Plans that are kept for one identity.
_MOST_PLANS = 8


class Resume(Protocol):
    """Goes on after a wait, under the Trust of before alone."""

    def __call__(self, asked: Asked, then: Callable[[Any, float], Step], result: Any, now: float, /) -> Step:  # noqa: ANN401 - what it waited for
        """Return what ``then`` returns, or begin anew."""


class Ending:
    """``begin`` begins a check anew, ``resume`` goes on with one after a wait.

    ``refuse_revoked`` raises ``Refusal`` for who was revoked. INVARIANT: nobody comes to policy but by that.
    """

    def __init__(
        self,
        begin: Callable[[bytes, float], Step],
        resume: Resume,
        refuse_revoked: Callable[[Known, float], None],
        renewals: Renewals,
    ) -> None:
        self._begin = begin
        self._resume = resume
        self._refuse_revoked = refuse_revoked
        self._renewals = renewals
        self._nobody = Known(None)

    def evaluated(self, asked: Asked, known: Known, now: float) -> Step:
        """Decide on a request whose identity is known, as of now; raises ``Refusal``."""
        assert known.identity is not None  # noqa: S101 - for mypy
        try:
            return self._evaluate(asked, known, known.identity, now)
        except Refusal as refusal:
            refusal.whose, refusal.level = known.identity, asked.level
            raise

    def _evaluate(self, asked: Asked, known: Known, identity: Identity, now: float) -> Step:
        self._refuse_revoked(known, now)
        asked.read_body()
        case = Case(asked.request, identity, now, asked.rules.proxies)
        if asked.rules.plannable and asked.trust.response.assertion is None:
            return _planned(asked, known, case)
        decision = evaluate(asked.rules, case, known.rules)
        if asked.rules.hooks:
            step = asking.decide(asked, identity, decision, partial(self._again, asked, known), self._resume)
            if isinstance(step, AskHooks):
                return step
            decision = step
        settings = asked.trust.response.assertion
        if settings is None or isinstance(decision, Denial):
            return answer.decided(decision, asked, known, case)
        audience = settings.audience_for(decision.policy)
        assertion = known.assertion(audience, now)
        if assertion is None:
            want = wanted(settings, known, audience, asked.trust.digest, now)
            return Mint(want.statement, partial(self._resume, asked, partial(self._minted, asked, want)))
        if assertion.is_due(now):
            # While the one there is is good, nobody waits for the next one.
            want = wanted(settings, known, audience, asked.trust.digest, now)
            self._renewals.begin(want.statement, want.keep)
        known.expect(assertion)
        return answer.decided(decision, asked, known, case, assertion)

    def without_identity(self, asked: Asked, now: float) -> Step:
        """Decide on a request that has no credential, where it needs none; raises ``Refusal``."""
        asked.read_body()
        case = _nobodys_case(asked, now)
        return self.nobodys(asked, evaluate(asked.rules, case, {}), case)

    def without_credential(self, asked: Asked, now: float) -> Step:
        """Have a hook allow a request that has no credential and needs one; raises ``Refusal``."""
        asked.read_body()
        case = _nobodys_case(asked, now)
        decision = refuse_without_identity(asked.rules, case)
        step = asking.decide(asked, None, decision, partial(self.without_credential, asked), self._resume)
        if isinstance(step, AskHooks):
            return step
        if asking.is_for_want_of_one(step):
            raise Refusal(Reason.NO_CREDENTIAL)
        self._nobody.holds(asked.trust, now)
        return answer.decided(step, asked, self._nobody, case)

    def nobodys(self, asked: Asked, decision: Permit | Denial, case: Case) -> Step:
        """Take a decision without an identity to its end; raises ``Refusal``."""
        self._nobody.holds(asked.trust, case.now)
        if asked.rules.hooks:
            step = asking.decide(asked, None, decision, partial(self._nobodys_again, asked), self._resume)
            if isinstance(step, AskHooks):
                return step
            decision = step
        return answer.decided(decision, asked, self._nobody, case)

    def _nobodys_again(self, asked: Asked, now: float) -> Step:
        case = _nobodys_case(asked, now)
        decision = admit_without_identity(asked.rules, case)
        return self.without_identity(asked, now) if decision is None else self.nobodys(asked, decision, case)

    def _again(self, asked: Asked, known: Known, now: float) -> Step:
        # INVARIANT: after every wait identity, time and policy are looked at again, too.
        return self.evaluated(asked, known, now) if known.holds(asked.trust, now) else self._begin(asked.raw, now)

    def _minted(self, asked: Asked, want: Wanted, minted: Minted | None, now: float) -> Step:
        # The same after an assertion was asked for.
        if not want.known.holds(asked.trust, now):
            return self._begin(asked.raw, now)
        assert want.known.identity is not None  # noqa: S101 - for mypy
        with refusing_for(want.known.identity, asked.level):
            want.require(minted, now)
        return self.evaluated(asked, want.known, now)


def _nobodys_case(asked: Asked, now: float) -> Case:
    return Case(asked.request, None, now, asked.rules.proxies)


def _planned(asked: Asked, known: Known, case: Case) -> Decided:
    found = known.plans.get(asked.rules.serial) or _plan(asked, known, case)
    if found is None:
        return answer.decided(evaluate(asked.rules, case, known.rules), asked, known, case)
    branch = found.decide(asked.rules, case, leads_to)
    if branch.answer is not None and asked.lookup.removals.are_harmless(asked.request.headers):
        return branch.answer
    asked.branch = branch
    return answer.decided(branch.decision, asked, known, case)


def _plan(asked: Asked, known: Known, case: Case) -> Plan | None:
    """Make a plan the second time: many rules are come to once, such as those of one path by one token."""
    plans, serial = known.plans, asked.rules.serial
    if serial in plans:
        made = plans[serial] = plan(asked.rules, case)
        return made
    if len(plans) >= _MOST_PLANS:
        del plans[next(iter(plans))]
    plans[serial] = None
    return None
