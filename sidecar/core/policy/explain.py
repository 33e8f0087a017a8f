"""Why a decision is as it is: every policy, rule and condition, whether it matches, and what was looked at.

For tools: it looks at everything, one after the other, where a check looks at what the index names and stops as soon as
it can. A test holds the two against each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sidecar.core.policy.applicable import concerns
from sidecar.core.policy.attributes import attribute
from sidecar.core.policy.case import Case
from sidecar.core.policy.conditions import is_about, is_met, is_met_at, port_matches
from sidecar.core.policy.describe import describe
from sidecar.core.policy.match import matches_any, matches_one
from sidecar.core.policy.model import Action, Condition, Looks, Operation, Policy, PolicySet, Rule, Term
from sidecar.core.policy.terms import seen_by
from sidecar.core.policy.trial import is_enforced


@dataclass(frozen=True, slots=True)
class Node:
    """Something that matches or does not. ``seen`` are the values that it was held against, each as a text."""

    label: str
    holds: bool
    seen: tuple[str, ...] = ()
    parts: tuple["Node", ...] = ()


@dataclass(frozen=True, slots=True)
class Explained:
    """One policy: whether it is enforced for this subject, and its rules in their order."""

    policy: Policy
    enforced: bool
    rules: tuple[Node, ...]

    @property
    def matches(self) -> bool:
        """Say whether one of its rules does."""
        return any(rule.holds for rule in self.rules)


def explain(policies: PolicySet, case: Case) -> tuple[Explained, ...]:
    """Look at all policies, in the order in which they are looked at."""
    return tuple(_policy(policy, case) for policy in policies.all)


def _policy(policy: Policy, case: Case) -> Explained:
    keeps_out = policy.action is not Action.ALLOW
    rules = tuple(_rule(number, rule, case, keeps_out=keeps_out) for number, rule in enumerate(policy.rules, 1))
    return Explained(policy, is_enforced(policy, case), rules)


def _rule(number: int, rule: Rule, case: Case, *, keeps_out: bool) -> Node:
    parts = []
    if rule.sources:
        sources = [
            _source(place, one.conditions, case, keeps_out=keeps_out) for place, one in enumerate(rule.sources, 1)
        ]
        parts.append(Node("from", any(one.holds for one in sources), parts=tuple(sources)))
    if rule.operations:
        parts.append(_to(rule, case, keeps_out=keeps_out))
    if rule.conditions:
        conditions = tuple(condition_node(one, case, keeps_out=keeps_out) for one in rule.conditions)
        parts.append(Node("when", all(one.holds for one in conditions), parts=conditions))
    holds = all(one.holds for one in parts) and concerns(rule, case.request.endpoint, keeps_out=keeps_out)
    return Node(f"rule {number}", holds, parts=tuple(parts))


def _source(number: int, conditions: Sequence[Condition], case: Case, *, keeps_out: bool) -> Node:
    parts = tuple(condition_node(one, case, keeps_out=keeps_out) for one in conditions)
    return Node(f"source {number}", all(one.holds for one in parts), parts=parts)


def _to(rule: Rule, case: Case, *, keeps_out: bool) -> Node:
    endpoint, every = case.request.endpoint, any if keeps_out else all
    holds = every(
        any(is_about(one, endpoint, path, keeps_out=keeps_out) for one in rule.operations) for path in endpoint.paths
    )
    operations = (_operation(place, one, case, keeps_out=keeps_out) for place, one in enumerate(rule.operations, 1))
    return Node("to", holds, parts=tuple(operations))


def _operation(number: int, operation: Operation, case: Case, *, keeps_out: bool) -> Node:
    endpoint, every = case.request.endpoint, any if keeps_out else all
    fields = (
        ("hosts", operation.hosts, endpoint.hosts, matches_any(operation.hosts, endpoint.hosts)),
        ("methods", operation.methods, (endpoint.method,), matches_one(operation.methods, endpoint.method)),
        (
            "paths",
            operation.paths,
            endpoint.paths,
            every(matches_one(operation.paths, path) for path in endpoint.paths),
        ),
        (
            "ports",
            operation.ports,
            (endpoint.port or "unknown",),
            port_matches(operation.ports, endpoint.port, keeps_out=keeps_out),
        ),
    )
    parts = tuple(
        Node(describe(name, values), holds, seen) for name, values, seen, holds in fields if not values.is_open
    )
    holds = every(is_about(operation, endpoint, path, keeps_out=keeps_out) for path in endpoint.paths)
    return Node(f"operation {number}", holds, parts=parts)


def condition_node(condition: Condition | Term, case: Case, *, keeps_out: bool) -> Node:
    """Look at one condition, of a rule that denies or audits (``keeps_out``) or of one that allows."""
    if condition.looks is Looks.ENDPOINT:
        endpoint, every = case.request.endpoint, any if keeps_out else all
        holds = every(is_met_at(condition, endpoint, path, keeps_out=keeps_out) for path in endpoint.paths)
    else:
        holds = is_met(condition, case, keeps_out=keeps_out)
    if not isinstance(condition, Condition):
        return Node(f"cel: {condition.text}", holds, seen_by(condition, case))
    key = condition.kind.value + "".join(f"[{name}]" for name in condition.path)
    return Node(describe(key, condition.values), holds, _seen(condition, case))


def _seen(condition: Condition, case: Case) -> tuple[str, ...]:
    found = attribute(condition, case)
    if not found.readable:
        return ("unknown",)
    return tuple(dict.fromkeys(value for reading in found.readings for value in reading))
