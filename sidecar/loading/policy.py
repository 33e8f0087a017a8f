"""Policy settings to the compiled policy set. Patterns were checked when the settings were."""

from collections.abc import Callable, Sequence
from functools import partial

from sidecar.core.path import PathMode
from sidecar.core.policy.key import parse_key
from sidecar.core.policy.match import Pattern, StringSet, Values, string_set
from sidecar.core.policy.model import Action, Condition, Operation, Policy, PolicySet, Rule, Source
from sidecar.core.policy.patterns import host_patterns, method_patterns, path_patterns, text_patterns, widened
from sidecar.settings import Settings
from sidecar.settings.policy import (
    ConditionSettings,
    OperationSettings,
    PolicySettings,
    RuleSettings,
    SourceSettings,
)

_Read = Callable[[str], tuple[Pattern, ...]]


def build_policies(settings: Settings) -> PolicySet:
    """Compile the policies, public operations and preflight operations of ``settings``."""
    mode = settings.request.path_mode
    policies = [_policy(policy, mode) for policy in settings.policies]
    return PolicySet(
        deny=tuple(policy for policy in policies if policy.action is Action.DENY),
        allow=tuple(policy for policy in policies if policy.action is Action.ALLOW),
        public=tuple(_operation(operation, mode, Action.ALLOW) for operation in settings.public),
        cors_preflight=tuple(_operation(operation, mode, Action.ALLOW) for operation in settings.cors_preflight),
    )


def _policy(policy: PolicySettings, mode: PathMode) -> Policy:
    rules = tuple(_rule(rule, mode, policy.action) for rule in policy.rules)
    return Policy(policy.name, policy.action, rules, frozenset(policy.scopes))


def _rule(rule: RuleSettings, mode: PathMode, action: Action) -> Rule:
    return Rule(
        sources=tuple(_source(entry.source) for entry in rule.from_ or ()),
        operations=tuple(_operation(entry.operation, mode, action) for entry in rule.to or ()),
        conditions=tuple(_condition(condition, action) for condition in rule.when or ()),
    )


def _source(source: SourceSettings) -> Source:
    return Source(_values(source.request_principals, source.not_request_principals))


def _operation(operation: OperationSettings, mode: PathMode, action: Action) -> Operation:
    paths = partial(path_patterns, mode=mode)

    def keeping_out(text: str) -> tuple[Pattern, ...]:
        return tuple(widened(paths(text)))

    deny = action is Action.DENY
    return Operation(
        hosts=_values(operation.hosts, operation.not_hosts, host_patterns),
        ports=_values(operation.ports, operation.not_ports),
        methods=_values(operation.methods, operation.not_methods, method_patterns),
        paths=Values(
            values=_set(operation.paths, keeping_out if deny else paths),
            not_values=_set(operation.not_paths, paths if deny else keeping_out),
        ),
    )


def _condition(condition: ConditionSettings, action: Action) -> Condition:
    kind, path = parse_key(condition.key)
    # A value without text, such as an empty header, is there and is not: it counts as what keeps the request out.
    deny = action is Action.DENY
    return Condition(
        kind,
        path,
        Values(
            values=_set(condition.values, text_patterns, star_matches_empty=deny),
            not_values=_set(condition.not_values, text_patterns, star_matches_empty=not deny),
        ),
    )


def _values(values: Sequence[str] | None, not_values: Sequence[str] | None, read: _Read = text_patterns) -> Values:
    return Values(_set(values, read), _set(not_values, read))


def _set(texts: Sequence[str] | None, read: _Read, *, star_matches_empty: bool = False) -> StringSet | None:
    if texts is None:
        return None
    patterns = (pattern for text in texts for pattern in read(text))
    return string_set(patterns, star_matches_empty=star_matches_empty)
