"""Deciding on a request by the rules that are about its endpoint. The only module that makes a ``Permit``.

Deny policies first, then allow policies in their order; no match is a denial. Where an upstream may read a header in
more than one way, a deny policy matches if any reading does, and an allow policy must match every reading.

What a rule asks of the identity alone has one answer for as long as identity and policy set are the same. Whoever asks
often hands over a dictionary in which the answers are kept, number of the rule to answer: with a condition on a claim
that saves 2 µs a check.
"""

from collections.abc import Iterable, MutableMapping, Sequence

from sidecar.core.decision import Denial, Permit, Trial
from sidecar.core.hooked import ENDS, HookAnswer, HookResult
from sidecar.core.identity import Identity
from sidecar.core.policy.applicable import Applicable
from sidecar.core.policy.case import Case
from sidecar.core.policy.conditions import is_met
from sidecar.core.policy.model import Action, Entry, Looks, Rule
from sidecar.core.policy.plan import Plan, comes_from, suits_request
from sidecar.core.policy.trial import difference, enforced, is_enforced
from sidecar.core.reason import Reason, Refusal

#: Answers that are kept for one identity: thousands of rules for thousands of identities would fill the memory.
_MOST_KEPT = 32

Answers = MutableMapping[int, bool]
_Decision = Permit | Denial
_NOBODY = Denial(Reason.NO_POLICY_ALLOWS)
_LACKING = Denial(Reason.POLICIES_UNAVAILABLE)
#: Why a check ends by what a hook said.
_ENDED = {
    HookResult.DENY: Reason.DENIED_BY_HOOK,
    HookResult.FAILED: Reason.HOOK_FAILED,
    HookResult.TIMEOUT: Reason.HOOK_TIMEOUT,
}


def admit_without_identity(rules: Applicable, case: Case) -> _Decision | None:
    """Decide on what needs no token; ``None`` where a token is needed.

    Deny policies hold here too, so that ``public`` never widens what one of them closes.
    """
    if rules.public:
        reason = Reason.PUBLIC_PATH
    elif rules.preflight and case.request.is_cors_preflight:
        reason = Reason.CORS_PREFLIGHT
    else:
        return None
    permit, answers = Permit(reason, None, None), dict[int, bool]()
    decision = _denied(enforced(rules.deny, case), case, answers) or permit
    trial = difference(decision, _denied(rules.deny, case, answers) or permit) if rules.tries else None
    return _in_force(rules, _noted(decision, _audited(rules.audit, case, answers), trial), None)


def evaluate(rules: Applicable, case: Case, answers: Answers) -> _Decision:
    """Decide on a request whose token was verified, or that has none and needs none.

    ``answers`` are those of earlier calls under the same policy set and for the same identity, and are added to.
    """
    decision, trial = _decided(rules.deny, rules.allow, case, answers), None
    if decision is _NOBODY:
        decision = _by_default(rules, case, closes=bool(rules.open_unless))
    if rules.tries:
        would, decision = decision, _enforced(rules, case, answers)
        trial = difference(decision, would)
    return _in_force(rules, _noted(decision, _audited(rules.audit, case, answers), trial), case.identity)


def plan(rules: Applicable, case: Case) -> Plan:
    """Make a plan of a case's identity under ``rules``, which are ``plannable``; ``leads_to`` is for its ``decide``."""
    return Plan(_by_default(rules, case, closes=bool(rules.open_unless)))


def leads_to(entry: Entry, case: Case) -> _Decision | None:
    """Return what a rule comes to for a case's identity; ``None`` where it does not suit that."""
    policy, identity = entry.policy, case.identity
    assert identity is not None  # noqa: S101 - for mypy
    keeps_out = policy.action is not Action.ALLOW
    if not _suits_anew(entry.rule, case, keeps_out=keeps_out):
        return None
    if keeps_out:
        return Denial(Reason.DENIED_BY_POLICY, policy.name, rule=entry.place)
    if policy.scopes <= identity.scopes:
        return Permit(Reason.ALLOWED, identity, policy.name, (), None, (), entry.place)
    return _lacks_scopes(entry)


def _lacks_scopes(entry: Entry) -> Denial:
    policy = entry.policy
    return Denial(Reason.INSUFFICIENT_SCOPE, policy.name, scopes=tuple(sorted(policy.scopes)), rule=entry.place)


def unenforced(denial: Denial, identity: Identity | None) -> Permit:
    """Return what takes a denial's place in global dry run, and tells of it.

    INVARIANT: ``identity`` is one that was verified, and holds now, or nobody's.
    """
    trial = Trial(allowed=False, reason=denial.reason, policy=denial.policy, rule=denial.rule)
    return Permit(Reason.DRY_RUN, identity, None, denial.audited, trial)


def _in_force(rules: Applicable, decision: _Decision, identity: Identity | None) -> _Decision:
    return unenforced(decision, identity) if rules.dry_run and isinstance(decision, Denial) else decision


def refuse_without_identity(rules: Applicable, case: Case) -> Denial:
    """Decide on a request without a token that is needed, which a hook alone could allow.

    No allow policy is asked, whatever it is about: with a token or without, they are for those who have one.
    """
    return _denied(enforced(rules.deny, case), case, {}) or (_LACKING if rules.lacking else _NOBODY)


def with_hooks(
    rules: Applicable, decision: _Decision, identity: Identity | None, hooked: Sequence[HookAnswer]
) -> _Decision:
    """Return what becomes of the policies' decision by what ``rules.hooks`` said.

    In global dry run it is what that puts its permit in the place of. INVARIANT: hooks turn "no policy allows" into a
    permit, and no other denial: neither a deny policy nor a token that was refused is ever overruled. And of hooks that
    were asked any denies, whichever allows.
    """
    return _in_force(rules, _with_hooks(rules, enforceable(decision), identity, hooked), identity)


def enforceable(decision: _Decision) -> _Decision:
    """Return a decision, or the denial in the place of which global dry run puts it."""
    if isinstance(decision, Permit) and decision.reason is Reason.DRY_RUN and decision.trial is not None:
        trial = decision.trial
        return Denial(trial.reason, trial.policy, audited=decision.audited, rule=trial.rule)
    return decision


def _with_hooks(
    rules: Applicable, decision: _Decision, identity: Identity | None, hooked: Sequence[HookAnswer]
) -> _Decision:
    if isinstance(decision, Denial) and decision.reason is not Reason.NO_POLICY_ALLOWS:
        return decision
    last = hooked[-1] if hooked else None
    if last is not None and last.result in ENDS:
        return Denial(_ENDED[last.result], None, last.detail, (), decision.audited, decision.trial, last)
    if [one.hook for one in hooked] != [one.name for one in rules.hooks]:
        raise Refusal(Reason.INTERNAL_ERROR, "not all hooks were asked")
    allowing = [one for one in hooked if one.result is HookResult.ALLOW]
    for one in allowing:
        if not _may_allow(rules, one.hook):
            text = "it allows, and may not: write may_allow: true beside it if it should"
            failed = one._replace(result=HookResult.FAILED, detail=text)
            return Denial(Reason.HOOK_FAILED, None, text, (), decision.audited, decision.trial, failed)
    said = tuple(one for one in hooked if one.result is not HookResult.NOTHING)
    if isinstance(decision, Permit):
        given = decision.reason, identity, decision.policy, decision.audited, decision.trial
        return Permit(*given, said, decision.rule)
    if not any(can_allow(rules, one.hook, identity) for one in allowing):
        return decision
    return Permit(Reason.ALLOWED_BY_HOOK, identity, None, decision.audited, decision.trial, said)


def can_allow(rules: Applicable, hook: str, identity: Identity | None) -> bool:
    """Say whether a hook may allow what no policy does, there and to whoever asks."""
    return hook in rules.may_allow and (
        identity is not None or any(one.name == hook and one.anonymous for one in rules.hooks)
    )


def _may_allow(rules: Applicable, hook: str) -> bool:
    return any(one.name == hook and one.may_allow for one in rules.hooks)


def _enforced(rules: Applicable, case: Case, answers: Answers) -> _Decision:
    """Decide by those policies alone that are enforced in this case."""
    decision = _decided(enforced(rules.deny, case), enforced(rules.allow, case), case, answers)
    if decision is not _NOBODY:
        return decision
    return _by_default(rules, case, closes=any(is_enforced(one, case) for one in rules.open_unless or ()))


def _by_default(rules: Applicable, case: Case, *, closes: bool) -> _Decision:
    """Decide where no policy does; ``closes``: there is one that allows, be it something else."""
    if rules.lacking:
        # INVARIANT: a policy that is not there opens nothing, as the only one that allows would.
        return _LACKING
    if rules.open_unless is None or closes:
        return _NOBODY
    return Permit(Reason.ALLOWED_BY_DEFAULT, case.identity, None)


def _decided(deny: Iterable[Entry], allow: Iterable[Entry], case: Case, answers: Answers) -> _Decision:
    denied = _denied(deny, case, answers) if deny else None
    if denied is not None:
        return denied
    identity = case.identity
    scopes = identity.scopes if identity else frozenset[str]()
    lacking: Entry | None = None
    for one in allow:
        if not _matches(one, case, answers):
            continue
        policy = one.policy
        if policy.scopes <= scopes:
            return Permit(Reason.ALLOWED, identity, policy.name, (), None, (), one.place)
        lacking = lacking or one
    return _NOBODY if lacking is None else _lacks_scopes(lacking)


def _denied(entries: Iterable[Entry], case: Case, answers: Answers) -> Denial | None:
    for one in entries:
        if _matches(one, case, answers):
            return Denial(Reason.DENIED_BY_POLICY, one.policy.name, rule=one.place)
    return None


def _audited(entries: Iterable[Entry], case: Case, answers: Answers) -> tuple[str, ...]:
    """Return the names of the audit policies that match."""
    return tuple(dict.fromkeys(one.policy.name for one in entries if _matches(one, case, answers))) if entries else ()


def _noted(decision: _Decision, audited: tuple[str, ...], trial: Trial | None) -> _Decision:
    if not audited and trial is None:
        return decision
    if isinstance(decision, Permit):
        return Permit(decision.reason, decision.identity, decision.policy, audited, trial, (), decision.rule)
    given = decision.reason, decision.policy, decision.detail, decision.scopes
    return Denial(*given, audited, trial, rule=decision.rule)


def _matches(entry: Entry, case: Case, answers: Answers) -> bool:
    rule, keeps_out = entry.rule, entry.policy.action is not Action.ALLOW
    return suits_request(rule, case, keeps_out=keeps_out) and _suits(entry, case, answers, keeps_out=keeps_out)


def _suits(entry: Entry, case: Case, answers: Answers, *, keeps_out: bool) -> bool:
    """Say whether the rule is for this identity."""
    if not (entry.rule.sources or entry.rule.of_identity):
        return True
    if case.identity is None:
        return _suits_anew(entry.rule, case, keeps_out=keeps_out)
    answer = answers.get(entry.number)
    if answer is None:
        answer = _suits_anew(entry.rule, case, keeps_out=keeps_out)
        if len(answers) < _MOST_KEPT:
            answers[entry.number] = answer
    return answer


def _suits_anew(rule: Rule, case: Case, *, keeps_out: bool) -> bool:
    comes = rule.sources_look is Looks.REQUEST or comes_from(rule, case, keeps_out=keeps_out)
    return comes and all(is_met(one, case, keeps_out=keeps_out) for one in rule.of_identity)
