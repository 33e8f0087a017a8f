"""The end of a check: a decision, a refusal or too much work, as what Envoy is told."""

from functools import lru_cache

from sidecar.core import response
from sidecar.core.asked import Asked
from sidecar.core.assertion import Assertion
from sidecar.core.cache import Known
from sidecar.core.decision import Denial, Permit
from sidecar.core.needs import Decided
from sidecar.core.reason import Reason, Refusal
from sidecar.core.rewriting import AS_IT_CAME, rewritten
from sidecar.core.trust import Trust

#: Answers kept for one identity.
_MOST_PERMITS = 8


def decided(decision: Permit | Denial, asked: Asked, known: Known, assertion: Assertion | None = None) -> Decided:
    """Write the answer, or take one written before for the same identity.

    Raises ``Refusal`` where the identity would not be safe in headers.
    """
    settings, request = asked.trust.response, asked.request
    if isinstance(decision, Denial):
        return Decided(decision, response.deny(decision, request.sent.request_id, settings.realm))
    removed = asked.lookup.removals.of(request.headers)
    changes = rewritten(settings, request) if settings.rewrites else AS_IT_CAME
    if removed or changes is not AS_IT_CAME:
        return Decided(decision, response.allow(decision, removed, settings, assertion, changes))
    # Nothing in the answer depends on the request any more.
    name = (decision.policy or decision.reason, decision.audited, decision.trial)
    kept = known.permits.get(name)
    if kept is None:
        kept = Decided(decision, response.allow(decision, (), settings, assertion))
        if len(known.permits) < _MOST_PERMITS:
            known.permits[name] = kept
    # Where requests are rewritten the next one may have to be, though this one had not.
    if asked.rules.of_identity and not settings.rewrites:
        if len(known.settled) >= _MOST_PERMITS:
            known.settled.clear()
        known.settled[asked.rules.serial] = kept
    return kept


def refused(refusal: Refusal, request_id: str, trust: Trust) -> Decided:
    """Write a refusal."""
    denial = Denial(refusal.reason, detail=refusal.detail)
    return Decided(denial, response.deny(denial, request_id, trust.response.realm))


@lru_cache(8)
def shed(realm: str) -> Decided:
    """Return the cheapest answer there is, for who floods us: without a request's id, so that it is made once."""
    denial = Denial(Reason.OVERLOADED, detail="its source sent bad signatures")
    return Decided(denial, response.deny(denial, "", realm))
