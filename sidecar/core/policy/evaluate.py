"""Deciding on a request by the rules that are about its endpoint. The only module that makes a ``Permit``.

Deny policies first, then allow policies in their order; no match is a denial. Where an upstream may read a header in
more than one way, a deny policy matches if any reading does, and an allow policy must match every reading.

What a rule asks of the identity alone has one answer for as long as identity and policy set are the same. Whoever asks
often hands over a dictionary in which the answers are kept, number of the rule to answer: with a condition on a claim
that saves 2 µs a check.
"""

from collections.abc import MutableMapping

from sidecar.core.decision import Denial, Permit
from sidecar.core.identity import Identity
from sidecar.core.policy.applicable import Applicable
from sidecar.core.policy.attributes import attribute
from sidecar.core.policy.match import matches_any
from sidecar.core.policy.model import Action, Condition, Entry, Policy, Rule
from sidecar.core.reason import Reason
from sidecar.core.request import Request

#: Answers that are kept for one identity: thousands of rules for thousands of identities would fill the memory.
_MOST_KEPT = 32

Answers = MutableMapping[int, bool]


def admit_without_identity(rules: Applicable, request: Request) -> Permit | Denial | None:
    """Decide on what needs no token; ``None`` where a token is needed.

    Deny policies hold here too, so that ``public`` never widens what one of them closes.
    """
    if rules.public:
        reason = Reason.PUBLIC_PATH
    elif rules.preflight and request.is_cors_preflight:
        reason = Reason.CORS_PREFLIGHT
    else:
        return None
    return _denied(rules, request, None, {}) or Permit(reason, None, None)


def evaluate(rules: Applicable, request: Request, identity: Identity, answers: Answers) -> Permit | Denial:
    """Decide on a request whose token was verified.

    ``answers`` are those of earlier calls under the same policy set and for the same ``identity``, and are added to.
    """
    denied = _denied(rules, request, identity, answers) if rules.deny else None
    if denied is not None:
        return denied
    lacking: Policy | None = None
    for one in rules.allow:
        if not _matches(one, request, identity, answers):
            continue
        policy = one.policy
        if policy.scopes <= identity.scopes:
            return Permit(Reason.ALLOWED, identity, policy.name)
        lacking = lacking or policy
    if lacking is not None:
        return Denial(Reason.INSUFFICIENT_SCOPE, lacking.name, scopes=tuple(sorted(lacking.scopes)))
    return Denial(Reason.NO_POLICY_ALLOWS)


def _denied(rules: Applicable, request: Request, identity: Identity | None, answers: Answers) -> Denial | None:
    for one in rules.deny:
        if _matches(one, request, identity, answers):
            return Denial(Reason.DENIED_BY_POLICY, one.policy.name)
    return None


def _matches(entry: Entry, request: Request, identity: Identity | None, answers: Answers) -> bool:
    rule, action = entry.rule, entry.policy.action
    return (not rule.of_request or all(_condition(one, request, identity, action) for one in rule.of_request)) and (
        not (rule.sources or rule.of_identity) or _suits(entry, request, identity, answers)
    )


def _suits(entry: Entry, request: Request, identity: Identity | None, answers: Answers) -> bool:
    """Say whether the rule is for this identity."""
    if identity is None:
        return _suits_anew(entry.rule, request, identity, entry.policy.action)
    answer = answers.get(entry.number)
    if answer is None:
        answer = _suits_anew(entry.rule, request, identity, entry.policy.action)
        if len(answers) < _MOST_KEPT:
            answers[entry.number] = answer
    return answer


def _suits_anew(rule: Rule, request: Request, identity: Identity | None, action: Action) -> bool:
    principal = identity.principal if identity else None
    principals = () if principal is None else (principal,)
    return (not rule.sources or any(matches_any(one.request_principals, principals) for one in rule.sources)) and all(
        _condition(one, request, identity, action) for one in rule.of_identity
    )


def _condition(condition: Condition, request: Request, identity: Identity | None, action: Action) -> bool:
    found = attribute(condition, request, identity)
    deny = action is Action.DENY
    if not found.readable:
        return deny
    matching = (matches_any(condition.values, reading) for reading in found.readings)
    return any(matching) if deny else all(matching)
