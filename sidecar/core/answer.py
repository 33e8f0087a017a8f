"""The end of a check: a decision, a refusal or too much work, as what Envoy is told."""

from functools import lru_cache

from sidecar.core import response
from sidecar.core.asked import Asked
from sidecar.core.assertion import Assertion
from sidecar.core.cache import Known
from sidecar.core.decision import Denial, Permit
from sidecar.core.headers import SentRemovals
from sidecar.core.needs import Decided
from sidecar.core.policy.evaluate import unenforced
from sidecar.core.reason import ALWAYS_ENFORCED, Reason, Refusal
from sidecar.core.rewriting import AS_IT_CAME, rewritten
from sidecar.core.sent import SentRequest
from sidecar.core.trust import Trust

#: Answers kept for one identity.
_MOST_PERMITS = 8
_FLOODS = Refusal(Reason.OVERLOADED, "its source sent bad signatures")


def decided(decision: Permit | Denial, asked: Asked, known: Known, assertion: Assertion | None = None) -> Decided:
    """Write the answer, or take one written before for the same identity.

    Raises ``Refusal`` where the identity would not be safe in headers.
    """
    sent = asked.request.sent
    if isinstance(decision, Denial):
        return Decided(decision, response.deny(decision, sent.request_id, asked.trust.response.realm))
    try:
        return _permitted(decision, asked, known, assertion)
    except Refusal:
        trial = decision.trial
        if trial is None or decision.reason is not Reason.DRY_RUN:
            raise
        # What policy said comes before what the identity's headers would have led to.
        denial = Denial(trial.reason, trial.policy, audited=decision.audited)
        return let_pass(denial, sent, asked.trust)


def _permitted(permit: Permit, asked: Asked, known: Known, assertion: Assertion | None) -> Decided:
    settings, request = asked.trust.response, asked.request
    removed = asked.lookup.removals.of(request.headers)
    changes = rewritten(settings, request.sent) if settings.rewrites else AS_IT_CAME
    if removed or changes is not AS_IT_CAME:
        return Decided(permit, response.allow(permit, removed, settings, assertion, changes))
    # Nothing in the answer depends on the request any more.
    name = (permit.reason, permit.policy, permit.audited, permit.trial)
    kept = known.permits.get(name)
    if kept is None:
        kept = Decided(permit, response.allow(permit, (), settings, assertion))
        if len(known.permits) < _MOST_PERMITS:
            known.permits[name] = kept
    # Where requests are rewritten the next one may have to be, though this one had not.
    if asked.rules.of_identity and not settings.rewrites:
        if len(known.settled) >= _MOST_PERMITS:
            known.settled.clear()
        known.settled[asked.rules.serial] = kept
    return kept


def refused(refusal: Refusal, sent: SentRequest, trust: Trust) -> Decided:
    """Write a refusal; in global dry run let the request pass, as nobody's."""
    denial = Denial(refusal.reason, detail=refusal.detail)
    if trust.policy.dry_run and refusal.reason not in ALWAYS_ENFORCED:
        return let_pass(denial, sent, trust)
    return Decided(denial, response.deny(denial, sent.request_id, trust.response.realm))


def let_pass(denial: Denial, sent: SentRequest, trust: Trust) -> Decided:
    """Write what global dry run makes of a denial where there is no identity: all that is nobody's is removed."""
    settings, permit = trust.response, unenforced(denial, None)
    removed = SentRemovals(settings).of(sent.headers)
    changes = rewritten(settings, sent) if settings.rewrites else AS_IT_CAME
    return Decided(permit, response.allow(permit, removed, settings, None, changes))


def shed(sent: SentRequest, trust: Trust) -> Decided:
    """Return the cheapest answer there is, for who floods us."""
    return refused(_FLOODS, sent, trust) if trust.policy.dry_run else _shed(trust.response.realm)


@lru_cache(8)
def _shed(realm: str) -> Decided:
    # Without a request's id, so that it is made once.
    denial = Denial(_FLOODS.reason, detail=_FLOODS.detail)
    return Decided(denial, response.deny(denial, "", realm))
