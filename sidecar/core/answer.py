"""The end of a check: a decision, a refusal or too much work, as what Envoy is told."""

from sidecar.core import response
from sidecar.core.asked import Asked
from sidecar.core.assertion import Assertion
from sidecar.core.cache import Known
from sidecar.core.caller import Level, Whose
from sidecar.core.decision import Denial, Permit
from sidecar.core.effects.added import NOTHING, Added, added
from sidecar.core.effects.reply import USUAL, Reply, chosen, reply
from sidecar.core.effects.value import UntoldError
from sidecar.core.headers import SentRemovals
from sidecar.core.lookup import Lookup
from sidecar.core.needs import Decided
from sidecar.core.policy.case import Case
from sidecar.core.policy.evaluate import unenforced as let_in
from sidecar.core.reason import ALWAYS_ENFORCED, Reason, Refusal
from sidecar.core.request import admit
from sidecar.core.rewriting import AS_IT_CAME, rewritten
from sidecar.core.sent import SentRequest, read_sent
from sidecar.core.trust import Trust

#: Answers kept for one identity.
_MOST_PERMITS = 8
#: Bytes of an answer with a policy's effects that is kept: a claim may be in many headers.
_LARGEST_KEPT = 4096
_FLOODS = Refusal(Reason.OVERLOADED, "its source sent bad signatures")


def decided(
    decision: Permit | Denial, asked: Asked, known: Known, case: Case, assertion: Assertion | None = None
) -> Decided:
    """Write the answer, or take one written before for the same identity.

    Raises ``Refusal`` where the identity would not be safe in headers, or what the policy adds cannot be told.
    """
    sent, trust, level = asked.request.sent, asked.trust, asked.level
    if isinstance(decision, Denial):
        told = _told(decision, case, trust)
        denied = response.deny(decision, sent.request_id, trust.response.realm, told)
        return Decided(decision, denied, known.identity, level)
    try:
        return _permitted(decision, asked, known, case, assertion)
    except Refusal:
        trial = decision.trial
        if trial is None or decision.reason is not Reason.DRY_RUN:
            raise
        # What policy said comes before what the identity's headers would have led to.
        denial = Denial(trial.reason, trial.policy, audited=decision.audited, rule=trial.rule)
        return let_pass(denial, sent, trust, known.identity, level)


def _permitted(permit: Permit, asked: Asked, known: Known, case: Case, assertion: Assertion | None) -> Decided:
    trust, request, level = asked.trust, asked.request, asked.level
    settings, effects = trust.response, trust.effects
    rewrites = settings.rewrites or effects.changes_queries
    removed = asked.lookup.removals.of(request.headers)
    changes = rewritten(settings, request.sent, effects, permit.policy) if rewrites else AS_IT_CAME
    own = effects.allowed.get(permit.policy or "")
    if removed or changes is not AS_IT_CAME or (own is not None and own.looks_at_request):
        more = NOTHING if own is None else _added(permit, case, trust)
        return Decided(permit, response.allow(permit, removed, settings, assertion, changes, more), None, level)
    # Nothing in the answer depends on the request any more.
    name = (permit.reason, permit.policy, permit.audited, permit.trial, permit.hooked)
    of_any_endpoint = own is None or not own.looks_at_endpoint
    kept = known.permits.get(name) if of_any_endpoint else None
    if kept is None:
        more = NOTHING if own is None else _added(permit, case, trust)
        told = response.allow(permit, (), settings, assertion, AS_IT_CAME, more)
        if own is not None and len(told) > _LARGEST_KEPT:
            return Decided(permit, told, None, level)
        # Whoever is answered by it later is found among those that are remembered here.
        kept = Decided(permit, told, None, Level.NONE if known.identity is None else Level.L1)
        if of_any_endpoint and len(known.permits) < _MOST_PERMITS:
            known.permits[name] = kept
    elif kept.decision.rule != permit.rule:
        # The same bytes: which rule it was is told to nobody outside.
        kept = Decided(permit, kept.response, None, kept.level)
    # Where requests are rewritten the next one may have to be, though this one had not.
    if not rewrites:
        _settle(kept, asked, known, is_kept=name in known.permits)
    return kept if kept.level is level else Decided(permit, kept.response, None, level)


def _settle(kept: Decided, asked: Asked, known: Known, *, is_kept: bool) -> None:
    """Put an answer where it is found sooner; ``is_kept``: whether its bytes are among the identity's permits."""
    if asked.branch is not None:
        # Of those alone that are kept anyway: there may be hundreds of branches, each with an answer of its own.
        if is_kept:
            asked.branch.answer = kept
    elif asked.rules.of_identity:
        if len(known.settled) >= _MOST_PERMITS:
            known.settled.clear()
        known.settled[asked.rules.serial] = kept


def refused(refusal: Refusal, sent: SentRequest, lookup: Lookup, now: float) -> Decided:
    """Write a refusal; in global dry run let the request pass, as nobody's."""
    denial = Denial(refusal.reason, detail=refusal.detail)
    trust, told = lookup.trust, USUAL
    if trust.policy.dry_run and refusal.reason not in ALWAYS_ENFORCED:
        try:
            return let_pass(denial, sent, trust, refusal.whose, refusal.level)
        except Refusal as enforced:
            denial = Denial(enforced.reason, detail=enforced.detail)
    if chosen(trust.effects, denial) is not None:
        # What ends so was looked up before, and found.
        endpoint, rules = lookup.find(sent)
        told = _told(denial, Case(admit(sent, endpoint), None, now, rules.proxies), trust)
    denied = response.deny(denial, sent.request_id, trust.response.realm, told)
    return Decided(denial, denied, refusal.whose, refusal.level)


def unreadable(refusal: Refusal, trust: Trust) -> Decided:
    """Write a refusal of what is no request."""
    denial = Denial(refusal.reason, detail=refusal.detail)
    return Decided(denial, response.deny(denial, "", trust.response.realm))


def let_pass(
    denial: Denial, sent: SentRequest, trust: Trust, whose: Whose = None, level: Level = Level.NONE
) -> Decided:
    """Write what global dry run makes of a denial where there is no identity: all that is nobody's is removed.

    ``whose`` and ``level`` are as ``Refusal`` has them, for logs and metrics. Raises ``Refusal`` where it cannot be.
    """
    settings, permit = trust.response, let_in(denial, None)
    removed = SentRemovals(settings).of(sent.headers)
    rewrites = settings.rewrites or trust.effects.changes_queries
    changes = rewritten(settings, sent, trust.effects, None) if rewrites else AS_IT_CAME
    return Decided(permit, response.allow(permit, removed, settings, None, changes), whose, level)


def unenforced(raw: bytes, denial: Denial, trust: Trust) -> Decided | None:
    """Let a request pass whose check came to no end; ``None`` where that is to be a denial, as without dry run."""
    if not trust.policy.dry_run:
        return None
    try:
        sent = read_sent(raw)
        Lookup(trust).require_headers(sent)
        return let_pass(denial, sent, trust)
    except Refusal:
        return None


def shed(sent: SentRequest, lookup: Lookup, now: float) -> Decided:
    """Return the cheapest answer there is, for who floods us."""
    trust = lookup.trust
    if trust.policy.dry_run:
        return refused(_FLOODS, sent, lookup, now)
    if lookup.shed is None:
        # Without a request's id, so that it is made once.
        denial = Denial(_FLOODS.reason, detail=_FLOODS.detail)
        lookup.shed = Decided(denial, response.deny(denial, "", trust.response.realm))
    return lookup.shed


def _added(permit: Permit, case: Case, trust: Trust) -> Added:
    assert permit.policy is not None  # noqa: S101 - effects are a policy's
    try:
        return added(trust.effects.allowed[permit.policy], case, trust.response.max_header_bytes)
    except UntoldError as error:
        raise Refusal(Reason.EFFECT_FAILED, f"{permit.policy}: {error}") from None


def _told(denial: Denial, case: Case, trust: Trust) -> Reply:
    # A hook says itself how its denial is told.
    denied = None if denial.by_hook is not None else chosen(trust.effects, denial)
    return USUAL if denied is None else reply(denied, case, trust.effects, trust.response.token_parameters)
