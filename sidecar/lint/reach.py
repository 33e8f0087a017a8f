"""Rules and policies that no request comes to, or that decide nothing when one does."""

from collections.abc import Iterable, Iterator
from itertools import combinations

from sidecar.core.policy.describe import texts
from sidecar.core.policy.match import Matching, Values
from sidecar.core.policy.model import Action, AttributeKind, Condition, Looks, Term
from sidecar.lint.covering import covers, covers_operation, includes
from sidecar.lint.finding import Code, Finding
from sidecar.lint.subject import Subject, WrittenRule
from sidecar.loading.problem import FieldPath

#: Attributes with one value at a time: two conditions on one of them must leave something over.
_SINGLE = frozenset(
    {
        *(AttributeKind.SOURCE_IP, AttributeKind.REMOTE_IP, AttributeKind.DESTINATION_IP, AttributeKind.SNI),
        *(AttributeKind.DESTINATION_PORT, AttributeKind.PRINCIPAL, AttributeKind.SOURCE_PRINCIPAL),
    }
)


def reach(subject: Subject) -> Iterator[Finding]:
    """Look for all of them."""
    for one in subject.rules:
        yield from _contradictions(one)
    for action in Action:
        yield from _shadowed(list(subject.of(action)))
    yield from _denied_anyway(subject)
    yield from _public_anyway(subject)
    yield from _scopes(list(subject.of(Action.ALLOW)))


def _contradictions(one: WrittenRule) -> Iterator[Finding]:
    for at, name in _emptied(one):
        yield _contradiction((*one.field, *at), f"{one.label}: {name}: its negative takes out all that it names")
    conditions = (each for each in _told(one.rule.conditions, one) if each.kind in _SINGLE)
    for first, second in combinations(conditions, 2):
        if first.kind is second.kind and _are_apart(first, second):
            what = f"{one.label}: {first.kind.value} has one value, and two conditions want two"
            yield _contradiction((*one.field, "when"), what)


def _emptied(one: WrittenRule) -> Iterator[tuple[FieldPath, str]]:
    """Yield the places and names of fields that nothing meets."""
    for place, operation in enumerate(one.rule.operations):
        names = (name for name in ("hosts", "methods", "paths") if _leaves_nothing(getattr(operation, name)))
        yield from ((("to", place, "operation"), name) for name in names)
    placed: list[tuple[FieldPath, Iterable[Condition | Term]]] = [(("when",), one.rule.conditions)]
    placed += [(("from", place, "source"), source.conditions) for place, source in enumerate(one.rule.sources)]
    for at, conditions in placed:
        yield from ((at, each.kind.value) for each in _told(conditions, one) if _leaves_nothing(each.values))


def _told(conditions: Iterable[Condition | Term], one: WrittenRule) -> list[Condition]:
    """Return those whose values can always be told, where a rule keeps out: what cannot be told matches there."""
    is_allow = one.policy.action is Action.ALLOW
    found = (each for each in conditions if isinstance(each, Condition))
    return [each for each in found if is_allow or each.kind.looks is Looks.IDENTITY]


def _contradiction(at: FieldPath, what: str) -> Finding:
    return Finding(Code.CONTRADICTION, at, what, "no request meets it", "take out one of the two")


def _leaves_nothing(values: Values[Matching]) -> bool:
    return values.values is not None and values.not_values is not None and includes(values.not_values, values.values)


def _are_apart(first: Condition, second: Condition) -> bool:
    one, other = first.values.values, second.values.values
    if one is None or other is None:
        return False
    wide = [each for each in (*texts(one), *texts(other)) if "*" in each or (first.kind.is_address and "/" in each)]
    return not wide and set(texts(one)).isdisjoint(texts(other))


def _shadowed(rules: list[WrittenRule]) -> Iterator[Finding]:
    for place, narrow in enumerate(rules):
        for wide in rules[:place]:
            if _decides_before(wide, narrow) and covers(wide.rule, narrow.rule):
                yield Finding(
                    Code.SHADOWED_RULE,
                    narrow.field,
                    narrow.label,
                    f"{wide.label} comes before it and matches all that it matches",
                    "leave it out, or put it first where the two differ in what they do",
                )
                break


def _decides_before(wide: WrittenRule, narrow: WrittenRule) -> bool:
    if narrow.policy.action is Action.AUDIT:
        return wide.policy is narrow.policy  # others are named as well
    if wide.policy is narrow.policy:
        return True
    return wide.is_enforced and wide.policy.scopes <= narrow.policy.scopes


def _denied_anyway(subject: Subject) -> Iterator[Finding]:
    deny = [one for one in subject.of(Action.DENY) if one.is_enforced]
    for narrow in subject.of(Action.ALLOW):
        wide = next((one for one in deny if covers(one.rule, narrow.rule)), None)
        if wide is not None:
            yield Finding(
                Code.DENIED_ANYWAY,
                narrow.field,
                narrow.label,
                f"{wide.label} denies all that it allows",
                "leave one of them out, or take out of the deny policy what is wanted (notPaths, notValues)",
            )


def _public_anyway(subject: Subject) -> Iterator[Finding]:
    public = [one for one in subject.public() if one.is_public]
    for one in subject.of(Action.ALLOW):
        operations = one.rule.operations
        covering = [
            next((each for each in public if covers_operation(each.compiled, operation)), None)
            for operation in operations
        ]
        if covering and None not in covering:
            yield Finding(
                Code.PUBLIC_ANYWAY,
                one.field,
                one.label,
                f"{covering[0].label if covering[0] else 'public'} lets everybody in there, without looking at a token",
                "leave it out, or make what it is about no longer public",
            )


def _scopes(allow: list[WrittenRule]) -> Iterator[Finding]:
    for narrow in allow:
        if not narrow.policy.scopes:
            continue
        later = (one for one in allow if one.policy is not narrow.policy and one.is_enforced)
        wide = next(
            (one for one in later if one.policy.scopes < narrow.policy.scopes and covers(one.rule, narrow.rule)), None
        )
        if wide is not None:
            yield Finding(
                Code.SCOPES_NOT_NEEDED,
                narrow.field,
                f"{narrow.label}: scopes {' '.join(sorted(narrow.policy.scopes))}",
                f"{wide.label} allows the same without them",
                "name in that one what is to be had without scopes",
            )
