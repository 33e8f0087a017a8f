"""Looking at a request with a policy set. The only module that makes a ``Permit``.

Deny policies first, then allow policies in their order; no match is a denial. Where an upstream may read a request in
more than one way, a deny policy matches if any reading does, and an allow policy must match every reading.
"""

from sidecar.core.decision import Denial, Permit
from sidecar.core.identity import Identity
from sidecar.core.policy.attributes import attribute
from sidecar.core.policy.model import Action, Condition, Operation, Policy, PolicySet, Rule, Source, Values
from sidecar.core.reason import Reason
from sidecar.core.request import Request


def admit_without_identity(policies: PolicySet, request: Request) -> Permit | Denial | None:
    """Decide on what needs no token; ``None`` where a token is needed.

    Deny policies hold here too, so that ``public`` never widens what one of them closes.
    """
    reason = _reason_without_identity(policies, request)
    if reason is None:
        return None
    return _denied(policies, request, None) or Permit(reason, None, None)


def evaluate(policies: PolicySet, request: Request, identity: Identity) -> Permit | Denial:
    """Decide on a request whose token was verified."""
    denied = _denied(policies, request, identity)
    if denied is not None:
        return denied
    return _allowed(policies, request, identity)


def _reason_without_identity(policies: PolicySet, request: Request) -> Reason | None:
    if _operations(policies.public, request, Action.ALLOW):
        return Reason.PUBLIC_PATH
    if request.is_cors_preflight and _operations(policies.cors_preflight, request, Action.ALLOW):
        return Reason.CORS_PREFLIGHT
    return None


def _denied(policies: PolicySet, request: Request, identity: Identity | None) -> Denial | None:
    for policy in policies.deny:
        if _matches(policy, request, identity):
            return Denial(Reason.DENIED_BY_POLICY, policy.name)
    return None


def _allowed(policies: PolicySet, request: Request, identity: Identity) -> Permit | Denial:
    lacking: Policy | None = None
    for policy in policies.allow:
        if not _matches(policy, request, identity):
            continue
        if policy.scopes <= identity.scopes:
            return Permit(Reason.ALLOWED, identity, policy.name)
        lacking = lacking or policy
    if lacking is not None:
        return Denial(Reason.INSUFFICIENT_SCOPE, lacking.name, scopes=tuple(sorted(lacking.scopes)))
    return Denial(Reason.NO_POLICY_ALLOWS)


def _matches(policy: Policy, request: Request, identity: Identity | None) -> bool:
    return any(_rule(rule, request, identity, policy.action) for rule in policy.rules)


def _rule(rule: Rule, request: Request, identity: Identity | None, action: Action) -> bool:
    return (
        (not rule.operations or _operations(rule.operations, request, action))
        and (not rule.sources or any(_source(one, identity) for one in rule.sources))
        and all(_condition(one, request, identity, action) for one in rule.conditions)
    )


def _operations(operations: tuple[Operation, ...], request: Request, action: Action) -> bool:
    # INVARIANT: every reading of the path is allowed, or the request is not.
    every = any if action is Action.DENY else all
    return every(any(_operation(one, request, path, action) for one in operations) for path in request.paths)


def _source(source: Source, identity: Identity | None) -> bool:
    principal = identity.principal if identity else None
    return _values(source.request_principals, () if principal is None else (principal,))


def _operation(operation: Operation, request: Request, path: str, action: Action) -> bool:
    return (
        _values(operation.paths, (path,))
        and _values(operation.methods, (request.method,))
        and _values(operation.hosts, request.hosts)
        and _port(operation.ports, request.port, action)
    )


def _port(field: Values, port: str, action: Action) -> bool:
    if port or (field.values is None and field.not_values is None):
        return _values(field, (port,))
    # Envoy names no port for a Unix socket. It might be any: enough to deny, and not to allow.
    return action is Action.DENY


def _condition(condition: Condition, request: Request, identity: Identity | None, action: Action) -> bool:
    found = attribute(condition, request, identity)
    deny = action is Action.DENY
    if not found.readable:
        return deny
    matching = (_values(condition.values, reading) for reading in found.readings)
    return any(matching) if deny else all(matching)


def _values(field: Values, actual: tuple[str, ...]) -> bool:
    if field.values is not None and not any(map(field.values.matches, actual)):
        return False
    return field.not_values is None or not any(map(field.not_values.matches, actual))
