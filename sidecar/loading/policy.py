"""Policy settings to the compiled policy set. Patterns were checked when the settings were."""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from sidecar.core.path import PathMode
from sidecar.core.policy.key import attribute_patterns, parse_key
from sidecar.core.policy.match import Matching, Pattern, StringSet, Values, string_set
from sidecar.core.policy.model import (
    Action,
    AttributeKind,
    Condition,
    Joint,
    Looks,
    Operation,
    Policy,
    PolicySet,
    Rule,
    Source,
)
from sidecar.core.policy.networks import blocks_of
from sidecar.core.policy.patterns import host_patterns, method_patterns, path_patterns, text_patterns, widened
from sidecar.core.policy.peer import Proxies
from sidecar.core.policy.terms import FINDERS
from sidecar.settings import Settings
from sidecar.settings.policy import (
    SOURCE_FIELDS,
    ConditionSettings,
    OperationSettings,
    PolicySettings,
    RuleSettings,
    SourceSettings,
)

if TYPE_CHECKING:
    from sidecar.cel import Term as CelTerm

_Read = Callable[[str], tuple[Pattern, ...]]
#: Expressions that are kept.
_KEPT = 1024


@lru_cache(_KEPT)
def terms_of(expression: str) -> Sequence["CelTerm"]:
    """Compile an expression, once: it is checked first, and at each reload it mostly stays. Raises ``CelError``."""
    from sidecar.cel import compile_terms  # noqa: PLC0415 - 14 MB that nobody needs who has no expression

    return compile_terms(expression)


@lru_cache(_KEPT)
def _joint(terms: tuple["CelTerm", ...]) -> Joint:
    from sidecar.cel import join  # noqa: PLC0415 - as above

    return Joint(terms, join(terms, FINDERS))


def build_policies(settings: Settings) -> PolicySet:
    """Compile the policies, public operations and preflight operations of ``settings``."""
    mode = settings.request.path_mode
    policies = [_policy(policy, mode) for policy in settings.policies]
    by_action = {action: tuple(policy for policy in policies if policy.action is action) for action in Action}
    return PolicySet(
        deny=by_action[Action.DENY],
        allow=by_action[Action.ALLOW],
        audit=by_action[Action.AUDIT],
        public=tuple(_operation(operation, mode, keeps_out=False) for operation in settings.public),
        cors_preflight=tuple(_operation(operation, mode, keeps_out=False) for operation in settings.cors_preflight),
        proxies=Proxies(settings.request.xff_num_trusted_hops, settings.request.use_remote_address),
        needs_identity=settings.istio is None,
        allows_by_default=settings.istio is not None and settings.istio.default == "istio",
        dry_run=settings.dry_run,
    )


def _policy(policy: PolicySettings, mode: PathMode) -> Policy:
    rules = tuple(_rule(rule, mode, keeps_out=policy.action is not Action.ALLOW) for rule in policy.rules)
    percent = 0.0 if policy.dry_run else policy.enforce_percent
    return Policy(policy.name, policy.action, rules, frozenset(policy.scopes), percent)


def _rule(rule: RuleSettings, mode: PathMode, *, keeps_out: bool) -> Rule:
    conditions = tuple(one for entry in rule.when or () for one in _conditions(entry, keeps_out=keeps_out))
    terms = tuple(one for one in conditions if not isinstance(one, Condition) and one.looks is Looks.REQUEST)
    return Rule(
        sources=tuple(_source(entry.source, keeps_out=keeps_out) for entry in rule.from_ or ()),
        operations=tuple(_operation(entry.operation, mode, keeps_out=keeps_out) for entry in rule.to or ()),
        conditions=conditions,
        joint=_joint(terms) if terms else None,
    )


def _source(source: SourceSettings, *, keeps_out: bool) -> Source:
    found = []
    for kind, name in SOURCE_FIELDS.items():
        values, not_values = getattr(source, name), getattr(source, f"not_{name}")
        if values is not None or not_values is not None:
            found.append(Condition(kind, (), _attribute_values(kind, values, not_values, keeps_out=keeps_out)))
    return Source(tuple(found))


def _operation(operation: OperationSettings, mode: PathMode, *, keeps_out: bool) -> Operation:
    paths = partial(path_patterns, mode=mode)

    def keeping_out(text: str) -> tuple[Pattern, ...]:
        return tuple(widened(paths(text)))

    return Operation(
        hosts=_values(operation.hosts, operation.not_hosts, host_patterns),
        ports=_values(operation.ports, operation.not_ports),
        methods=_values(operation.methods, operation.not_methods, method_patterns),
        paths=Values(
            values=_set(operation.paths, keeping_out if keeps_out else paths),
            not_values=_set(operation.not_paths, paths if keeps_out else keeping_out),
        ),
    )


def _conditions(condition: ConditionSettings, *, keeps_out: bool) -> Sequence["Condition | CelTerm"]:
    if condition.key is None:
        assert condition.cel is not None  # noqa: S101 - one of the two is there
        return terms_of(condition.cel)
    kind, path = parse_key(condition.key)
    values = _attribute_values(kind, condition.values, condition.not_values, keeps_out=keeps_out)
    return (Condition(kind, path, values),)


def _attribute_values(
    kind: AttributeKind, values: Sequence[str] | None, not_values: Sequence[str] | None, *, keeps_out: bool
) -> Values[Matching]:
    if kind.is_address:
        return Values(*(None if texts is None else blocks_of(texts) for texts in (values, not_values)))
    read = partial(attribute_patterns, kind)
    # A value without text, such as an empty header, is there and is not: it counts as what keeps the request out.
    return Values(
        values=_set(values, read, star_matches_empty=keeps_out),
        not_values=_set(not_values, read, star_matches_empty=not keeps_out),
    )


def _values(
    values: Sequence[str] | None, not_values: Sequence[str] | None, read: _Read = text_patterns
) -> Values[StringSet]:
    return Values(_set(values, read), _set(not_values, read))


def _set(texts: Sequence[str] | None, read: _Read, *, star_matches_empty: bool = False) -> StringSet | None:
    if texts is None:
        return None
    patterns = (pattern for text in texts for pattern in read(text))
    return string_set(patterns, star_matches_empty=star_matches_empty)
