"""Deciding on a request by the rules that are about its endpoint. The only module that makes a ``Permit``.

Deny policies first, then allow policies in their order; no match is a denial. Where an upstream may read a header in
more than one way, a deny policy matches if any reading does, and an allow policy must match every reading.

What a rule asks of the identity alone has one answer for as long as identity and policy set are the same. Whoever asks
often hands over a dictionary in which the answers are kept, number of the rule to answer: with a condition on a claim
that saves 2 µs a check.
"""

from collections.abc import Iterable, MutableMapping

from sidecar.core.decision import Denial, Permit, Trial
from sidecar.core.identity import Identity
from sidecar.core.policy.applicable import Applicable
from sidecar.core.policy.case import Case
from sidecar.core.policy.conditions import is_met
from sidecar.core.policy.model import Action, Entry, Looks, Policy, Rule
from sidecar.core.policy.terms import all_hold
from sidecar.core.policy.trial import difference, enforced, is_enforced
from sidecar.core.reason import Reason

#: Answers that are kept for one identity: thousands of rules for thousands of identities would fill the memory.
_MOST_KEPT = 32

Answers = MutableMapping[int, bool]
_Decision = Permit | Denial
_NOBODY = Denial(Reason.NO_POLICY_ALLOWS)
_LACKING = Denial(Reason.POLICIES_UNAVAILABLE)


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


def unenforced(denial: Denial, identity: Identity | None) -> Permit:
    """Return what takes a denial's place in global dry run, and tells of it.

    INVARIANT: ``identity`` is one that was verified, and holds now, or nobody's.
    """
    trial = Trial(allowed=False, reason=denial.reason, policy=denial.policy)
    return Permit(Reason.DRY_RUN, identity, None, denial.audited, trial)


def _in_force(rules: Applicable, decision: _Decision, identity: Identity | None) -> _Decision:
    return unenforced(decision, identity) if rules.dry_run and isinstance(decision, Denial) else decision


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
    lacking: Policy | None = None
    for one in allow:
        if not _matches(one, case, answers):
            continue
        policy = one.policy
        if policy.scopes <= scopes:
            return Permit(Reason.ALLOWED, identity, policy.name)
        lacking = lacking or policy
    if lacking is not None:
        return Denial(Reason.INSUFFICIENT_SCOPE, lacking.name, scopes=tuple(sorted(lacking.scopes)))
    return _NOBODY


def _denied(entries: Iterable[Entry], case: Case, answers: Answers) -> Denial | None:
    for one in entries:
        if _matches(one, case, answers):
            return Denial(Reason.DENIED_BY_POLICY, one.policy.name)
    return None


def _audited(entries: Iterable[Entry], case: Case, answers: Answers) -> tuple[str, ...]:
    """Return the names of the audit policies that match."""
    return tuple(dict.fromkeys(one.policy.name for one in entries if _matches(one, case, answers))) if entries else ()


def _noted(decision: _Decision, audited: tuple[str, ...], trial: Trial | None) -> _Decision:
    if not audited and trial is None:
        return decision
    if isinstance(decision, Permit):
        return Permit(decision.reason, decision.identity, decision.policy, audited, trial)
    return Denial(decision.reason, decision.policy, decision.detail, decision.scopes, audited, trial)


def _matches(entry: Entry, case: Case, answers: Answers) -> bool:
    rule, keeps_out = entry.rule, entry.policy.action is not Action.ALLOW
    if rule.apart and not all(is_met(one, case, keeps_out=keeps_out) for one in rule.apart):
        return False
    if rule.joint is not None and not all_hold(rule.joint, case, keeps_out=keeps_out):
        return False
    if rule.sources_look is Looks.REQUEST and not _comes_from(rule, case, keeps_out=keeps_out):
        return False
    return not (rule.sources or rule.of_identity) or _suits(entry, case, answers, keeps_out=keeps_out)


def _suits(entry: Entry, case: Case, answers: Answers, *, keeps_out: bool) -> bool:
    """Say whether the rule is for this identity."""
    if case.identity is None:
        return _suits_anew(entry.rule, case, keeps_out=keeps_out)
    answer = answers.get(entry.number)
    if answer is None:
        answer = _suits_anew(entry.rule, case, keeps_out=keeps_out)
        if len(answers) < _MOST_KEPT:
            answers[entry.number] = answer
    return answer


def _suits_anew(rule: Rule, case: Case, *, keeps_out: bool) -> bool:
    comes = rule.sources_look is Looks.REQUEST or _comes_from(rule, case, keeps_out=keeps_out)
    return comes and all(is_met(one, case, keeps_out=keeps_out) for one in rule.of_identity)


def _comes_from(rule: Rule, case: Case, *, keeps_out: bool) -> bool:
    return not rule.sources or any(
        all(is_met(one, case, keeps_out=keeps_out) for one in source.conditions) for source in rule.sources
    )
