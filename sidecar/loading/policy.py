"""Policy settings to the compiled policy set. Patterns were checked when the settings were."""

from collections.abc import Callable, Iterable, Sequence

from sidecar.core.policy.key import parse_key
from sidecar.core.policy.match import StringSet, host_set, path_set, string_set
from sidecar.core.policy.model import Action, Condition, Operation, Policy, PolicySet, Rule, Source, Values
from sidecar.settings import Settings
from sidecar.settings.policy import (
    ConditionSettings,
    OperationSettings,
    PolicySettings,
    RuleSettings,
    SourceSettings,
)


def build_policies(settings: Settings) -> PolicySet:
    """Compile the policies, public operations and preflight operations of ``settings``."""
    policies = [_policy(policy) for policy in settings.policies]
    return PolicySet(
        deny=tuple(policy for policy in policies if policy.action is Action.DENY),
        allow=tuple(policy for policy in policies if policy.action is Action.ALLOW),
        public=tuple(_operation(operation) for operation in settings.public),
        cors_preflight=tuple(_operation(operation) for operation in settings.cors_preflight),
    )


def _policy(policy: PolicySettings) -> Policy:
    return Policy(policy.name, policy.action, tuple(_rule(rule) for rule in policy.rules), frozenset(policy.scopes))


def _rule(rule: RuleSettings) -> Rule:
    return Rule(
        sources=tuple(_source(entry.source) for entry in rule.from_ or ()),
        operations=tuple(_operation(entry.operation) for entry in rule.to or ()),
        conditions=tuple(_condition(condition) for condition in rule.when or ()),
    )


def _source(source: SourceSettings) -> Source:
    return Source(_values(source.request_principals, source.not_request_principals))


def _operation(operation: OperationSettings) -> Operation:
    return Operation(
        hosts=_values(operation.hosts, operation.not_hosts, host_set),
        ports=_values(operation.ports, operation.not_ports),
        methods=_values(operation.methods, operation.not_methods),
        paths=_values(operation.paths, operation.not_paths, path_set),
    )


def _condition(condition: ConditionSettings) -> Condition:
    kind, path = parse_key(condition.key)
    return Condition(kind, path, _values(condition.values, condition.not_values))


def _values(
    values: Sequence[str] | None,
    not_values: Sequence[str] | None,
    compile_set: Callable[[Iterable[str]], StringSet] = string_set,
) -> Values:
    return Values(
        None if values is None else compile_set(values), None if not_values is None else compile_set(not_values)
    )
