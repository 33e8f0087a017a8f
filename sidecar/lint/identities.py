"""Rules on what clients choose, and on identities where there is none."""

from collections.abc import Iterable, Iterator

from sidecar.core.policy.match import StringSet, Template
from sidecar.core.policy.model import Action, AttributeKind, Condition, Looks, Operation, Term
from sidecar.lint.covering import covers_operation, includes
from sidecar.lint.finding import Code, Finding
from sidecar.lint.subject import Subject, WrittenOperation, WrittenRule

#: Envoy sets these itself, whatever the client sent.
_OF_ENVOY = ("x-envoy-", "x-forwarded-", "x-request-id")


def identities(subject: Subject) -> Iterator[Finding]:
    """Look for all of them."""
    public = list(subject.public())
    for one in subject.of(Action.DENY):
        yield from _closes(one, public, is_open=not subject.policies.needs_identity)
        yield from _sees_nobody(one, public)
        yield from _denies_by_header(one)
    for one in subject.of(Action.ALLOW):
        yield from _allows_by_header(one)


def _closes(one: WrittenRule, public: Iterable[WrittenOperation], *, is_open: bool) -> Iterator[Finding]:
    """Find what matches everybody who has no identity."""
    found = [each for each in one.rule.conditions if _is_of_identity_alone(each) and _matches_nobody(each)]
    others = [each for each in one.rule.all_conditions if each not in found]
    if not found or others:
        return
    where = next(
        (each.label for each in public if _may_meet(one, each.compiled)), "tokens that need not be" if is_open else None
    )
    if where is not None:
        yield Finding(
            Code.DENY_CLOSES_PUBLIC,
            one.field,
            f"{one.label}: {_named(found[0])}",
            f"without a token it counts as met, so that {where} is closed to everybody",
            "name under 'to' what it is about, or what it is not (notPaths)",
        )


def _sees_nobody(one: WrittenRule, public: Iterable[WrittenOperation]) -> Iterator[Finding]:
    """Find what never matches since there is no identity."""
    found = [each for each in one.rule.all_conditions if _needs_identity(each) and not _matches_nobody(each)]
    if not found:
        return
    for operation in one.rule.operations:
        where = next((each for each in public if each.is_public and covers_operation(each.compiled, operation)), None)
        if where is not None:
            yield Finding(
                Code.DENY_WITHOUT_IDENTITY,
                one.field,
                f"{one.label}: {_named(found[0])}",
                f"{where.label} needs no token there, so there is no identity to be looked at",
                "take it out of what is public; whoever is meant could leave the token out",
            )


def _denies_by_header(one: WrittenRule) -> Iterator[Finding]:
    names = sorted({name for each in one.rule.all_conditions for name in _headers(each)})
    if names:
        yield Finding(
            Code.DENY_ON_HEADER,
            one.field,
            f"{one.label}: it looks at {', '.join(names)}",
            "a client chooses its headers: with another value it is not denied",
            "allow what is wanted instead: 'action: allow' with these values, or notValues here",
        )


def _allows_by_header(one: WrittenRule) -> Iterator[Finding]:
    conditions = list(one.rule.all_conditions)
    names = sorted({name for each in conditions for name in _headers(each)})
    others = [each for each in conditions if _needs_identity(each) or _looks_at_connection(each)]
    if names and not others and not one.policy.scopes:
        yield Finding(
            Code.ALLOW_ON_HEADER,
            one.field,
            f"{one.label}: it looks at {', '.join(names)} and at nothing of who asks",
            "whoever has a token can write that header",
            "add a condition on a claim, or scopes",
        )


def _headers(condition: Condition | Term) -> Iterator[str]:
    if not isinstance(condition, Condition):
        found: Iterable[str] = condition.headers
    elif condition.kind is AttributeKind.HEADER and condition.values.values is not None:
        found = condition.path
    else:
        found = ()
    return (name for name in found if not name.startswith(_OF_ENVOY))


def _needs_identity(condition: Condition | Term) -> bool:
    if isinstance(condition, Condition):
        return condition.kind.looks is Looks.IDENTITY
    return any(name.startswith("identity.") for name in condition.variables)


def _is_of_identity_alone(condition: Condition | Term) -> bool:
    if isinstance(condition, Condition):
        return condition.kind.looks is Looks.IDENTITY
    return all(name.startswith("identity.") for name in condition.variables)


def _matches_nobody(condition: Condition | Term) -> bool:
    """Say whether it counts as met in a deny rule where there is no identity."""
    return not isinstance(condition, Condition) or condition.values.values is None


def _looks_at_connection(condition: Condition | Term) -> bool:
    if isinstance(condition, Condition):
        return condition.kind is not AttributeKind.HEADER
    return not condition.variables <= {"request.headers", "request.path", "request.method", "request.host"}


def _named(condition: Condition | Term) -> str:
    if isinstance(condition, Condition):
        return condition.kind.value + "".join(f"[{name}]" for name in condition.path)
    return f"cel: {condition.text}"


def _may_meet(one: WrittenRule, public: Operation) -> bool:
    return not one.rule.operations or any(_overlap(each, public) for each in one.rule.operations)


def _overlap(first: Operation, second: Operation) -> bool:
    pairs = ((getattr(first, name), getattr(second, name)) for name in ("hosts", "methods", "paths"))
    return all(
        _have_common(one.values, other.values)
        and not _takes_out(one.not_values, other.values)
        and not _takes_out(other.not_values, one.values)
        for one, other in pairs
    )


def _takes_out(negative: StringSet | None, values: StringSet | None) -> bool:
    return negative is not None and values is not None and includes(negative, values)


def _have_common(first: StringSet | None, second: StringSet | None) -> bool:
    """Say whether some text may be in both; in doubt, yes."""
    if first is None or second is None or first.present or second.present:
        return True
    if any(map(first.matches, second.exact)) or any(map(second.matches, first.exact)):
        return True
    wholes = [_starts(each) for each in (first, second)]
    return any(one.startswith(other) or other.startswith(one) for one in wholes[0] for other in wholes[1])


def _starts(strings: StringSet) -> list[str]:
    suffixes = [""] if strings.suffixes else []
    return [*strings.prefixes, *map(_start, strings.templates), *suffixes]


def _start(template: Template) -> str:
    return template.text.partition("{")[0]
