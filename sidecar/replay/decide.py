"""A decision on what may be known in part: the check's own order, with a third answer beside yes and no.

INVARIANT: where all is known it is what ``core.policy.evaluate`` decides (a property test).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from sidecar.core.policy.conditions import is_met
from sidecar.core.policy.model import EVERYBODY, Action, Condition, Entry, Policy, Term
from sidecar.core.policy.trial import is_enforced
from sidecar.core.reason import Reason
from sidecar.replay.asked import Asked
from sidecar.replay.needs import lacking
from sidecar.replay.record import Token

_NOTHING = frozenset[str]()
_PREFLIGHT = ("origin", "access-control-request-method")


@dataclass(frozen=True, slots=True)
class Verdict:
    """``policy``: which decides, ``None`` for none, or where it cannot be told which of several.

    That hangs on ``lacking`` then.
    """

    allowed: bool
    reason: Reason
    policy: str | None = None
    lacking: frozenset[str] = field(default=_NOTHING, compare=False, repr=False)

    def __str__(self) -> str:
        """Return it in words."""
        word = "allowed" if self.allowed else "denied"
        return f"{word} ({self.reason.value}{f', {self.policy}' if self.policy else ''})"


@dataclass(frozen=True, slots=True)
class Untold:
    """It hangs on what the log lacks."""

    lacking: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Answer:
    """Whether a rule matches; with ``lacking`` nobody knows."""

    matches: bool
    lacking: frozenset[str] = _NOTHING


_YES, _NO = _Answer(matches=True), _Answer(matches=False)


def decide(asked: Asked) -> Verdict | Untold:
    """Decide on a request; a token that is not known to be none is taken to be good."""
    if asked.lacks_port:
        return Untold(frozenset({"port"}))
    open_to_all = _without_identity(asked)
    if isinstance(open_to_all, Untold):
        return open_to_all
    if open_to_all is not None:
        nobody = replace(asked, case=asked.case._replace(identity=None))
        denied = _denied(nobody, has_identity=False)
        return denied or Verdict(allowed=True, reason=open_to_all)
    if asked.record.token is Token.NONE and asked.needs_identity:
        return Verdict(allowed=False, reason=Reason.NO_CREDENTIAL)
    return _denied(asked, has_identity=True) or _allowed(asked)


def _without_identity(asked: Asked) -> Reason | Untold | None:
    if asked.rules.public:
        return Reason.PUBLIC_PATH
    if not asked.rules.preflight or asked.case.request.endpoint.method != "OPTIONS":
        return None
    unknown = [f"header {name}" for name in _PREFLIGHT if name not in asked.record.headers]
    if unknown:
        return Untold(frozenset(unknown))
    return Reason.CORS_PREFLIGHT if asked.case.request.is_cors_preflight else None


def _denied(asked: Asked, *, has_identity: bool) -> Verdict | Untold | None:
    unknown = _NOTHING
    for entry in asked.rules.deny:
        answer = _answer(entry, asked, has_identity=has_identity)
        if answer.lacking:
            unknown |= answer.lacking
        elif answer.matches:
            return _by_policy(entry.policy, Reason.DENIED_BY_POLICY, unknown)
    return Untold(unknown) if unknown else None


def _allowed(asked: Asked) -> Verdict | Untold:
    unknown, short = _NOTHING, list[str]()
    for entry in asked.rules.allow:
        answer = _answer(entry, asked, has_identity=True)
        if answer.lacking:
            unknown |= answer.lacking
        elif answer.matches and has_scopes(entry.policy, asked) is None:
            unknown |= {"claim scope"}
        elif answer.matches and has_scopes(entry.policy, asked):
            return _by_policy(entry.policy, Reason.ALLOWED, unknown)
        elif answer.matches:
            short.append(entry.policy.name)
    if unknown:
        return Untold(unknown)
    if short:
        return Verdict(allowed=False, reason=Reason.INSUFFICIENT_SCOPE, policy=short[0])
    return _by_default(asked)


def _by_policy(policy: Policy, reason: Reason, unknown: frozenset[str]) -> Verdict:
    """Return what a policy decides, or one of those before it; which of them hangs on what is ``unknown``."""
    return Verdict(reason is Reason.ALLOWED, reason, None if unknown else policy.name, unknown)


def _by_default(asked: Asked) -> Verdict | Untold:
    closing = asked.rules.open_unless
    if closing is None:
        return Verdict(allowed=False, reason=Reason.NO_POLICY_ALLOWS)
    shares = [enforced_here(policy, asked, has_identity=True) for policy in closing]
    if any(share is True for share in shares):
        return Verdict(allowed=False, reason=Reason.NO_POLICY_ALLOWS)
    unknown = _NOTHING.union(*(share for share in shares if not isinstance(share, bool)))
    return Untold(unknown) if unknown else Verdict(allowed=True, reason=Reason.ALLOWED_BY_DEFAULT)


def has_scopes(policy: Policy, asked: Asked) -> bool | None:
    """Say whether the token has the policy's scopes; ``None``: nobody knows."""
    if not policy.scopes:
        return True
    record = asked.record
    if record.token is Token.UNKNOWN or not (
        record.has_all_claims or record.token is Token.NONE or "scope" in record.claims
    ):
        return None
    return asked.case.identity is not None and policy.scopes <= asked.case.identity.scopes


def _answer(entry: Entry, asked: Asked, *, has_identity: bool) -> _Answer:
    share = enforced_here(entry.policy, asked, has_identity=has_identity)
    if share is False:
        return _NO
    keeps_out = entry.policy.action is not Action.ALLOW
    rule, unknown = entry.rule, _NOTHING if share is True else share
    sources = [_all(one.conditions, asked, has_identity=has_identity, keeps_out=keeps_out) for one in rule.sources]
    conditions = (*rule.of_identity, *rule.of_request)
    answers = [_all(conditions, asked, has_identity=has_identity, keeps_out=keeps_out)]
    if sources:
        answers.append(_any(sources))
    if any(not one.matches and not one.lacking for one in answers):
        return _NO
    unknown = unknown.union(*(one.lacking for one in answers))
    return _Answer(matches=not unknown, lacking=unknown)


def enforced_here(policy: Policy, asked: Asked, *, has_identity: bool) -> bool | frozenset[str]:
    """Say whether a policy is enforced for who asks; return what that hangs on, where nobody knows."""
    if policy.percent >= EVERYBODY:
        return True
    if policy.percent <= 0:
        return False
    record = asked.record
    if has_identity and record.token is not Token.NONE:
        known = record.has_all_claims or {"iss", "sub"} <= set(record.claims)
        return is_enforced(policy, asked.case) if known else frozenset({"claim iss", "claim sub"})
    return frozenset({"address"}) if record.address is None else is_enforced(policy, asked.case)


def _all(conditions: Iterable[Condition | Term], asked: Asked, *, has_identity: bool, keeps_out: bool) -> _Answer:
    unknown = _NOTHING
    for condition in conditions:
        missing = lacking_here(condition, asked, has_identity=has_identity)
        if missing:
            unknown |= missing
        elif not is_met(condition, asked.case, keeps_out=keeps_out):
            return _NO
    return _Answer(matches=not unknown, lacking=unknown)


def _any(answers: Iterable[_Answer]) -> _Answer:
    listed = list(answers)
    if any(one.matches for one in listed):
        return _YES
    return _Answer(matches=False, lacking=_NOTHING.union(*(one.lacking for one in listed)))


def lacking_here(condition: Condition | Term, asked: Asked, *, has_identity: bool) -> frozenset[str]:
    """Return what a condition looks at and nobody knows; of claims nothing where there is no identity to have them."""
    missing: Iterator[str] = iter(lacking(condition, asked.record, asked.case.proxies))
    return frozenset(one for one in missing if has_identity or not one.startswith("claim"))
