"""Single patterns that say something else than they seem to."""

import re
from collections.abc import Iterator, Sequence

from sidecar.core.policy.match import Kind, parse
from sidecar.core.policy.model import Condition
from sidecar.lint.finding import Code, Finding
from sidecar.lint.subject import Subject, WrittenOperation
from sidecar.loading.problem import FieldPath
from sidecar.settings.policy import OperationSettings

#: A regular expression in CEL that is written out.
_MATCHES = re.compile(r"""\.\s*matches\s*\(\s*r?(?P<quote>["'])(?P<regex>.*?)(?P=quote)\s*\)""")
_NAMES = ("hosts", "not_hosts", "ports", "not_ports", "methods", "not_methods", "paths", "not_paths")


def wording(subject: Subject) -> Iterator[Finding]:
    """Look at all patterns."""
    for operation in subject.operations():
        yield from _paths(operation)
        yield from _hosts(operation)
        yield from _redundant(operation)
    yield from _expressions(subject)


def _listed(operation: WrittenOperation, *names: str) -> Iterator[tuple[FieldPath, str]]:
    for name in names:
        alias = OperationSettings.model_fields[name].alias or name
        for place, text in enumerate(getattr(operation.settings, name) or ()):
            yield (*operation.field, alias, place), text


def _paths(operation: WrittenOperation) -> Iterator[Finding]:
    # Where a match keeps out, a pattern that is too wide keeps out more: docs/policy.md recommends it.
    for at, text in _listed(operation, "paths" if operation.lets_in else "not_paths"):
        if "{" in text:
            continue
        pattern = parse(text)
        literal = pattern.literal
        if pattern.kind is Kind.PREFIX and not literal.endswith("/"):
            yield Finding(
                Code.PREFIX_WITHOUT_SLASH,
                at,
                f"{operation.label}: {text!r}",
                f"it is about {literal}x and {literal}-internal too",
                f"write '{literal}' and '{literal}/*'",
            )
        if pattern.kind is Kind.SUFFIX and literal[0] not in "/.":
            yield Finding(
                Code.SUFFIX_WITHOUT_DELIMITER,
                at,
                f"{operation.label}: {text!r}",
                f"it is about /x{literal} too",
                f"write '*/{literal}', or the paths that are meant",
            )


def _hosts(operation: WrittenOperation) -> Iterator[Finding]:
    for at, text in _listed(operation, "hosts", "not_hosts"):
        pattern = parse(text)
        literal = pattern.literal
        widens = operation.lets_in is (at[-2] == "hosts")
        if widens and pattern.kind is Kind.SUFFIX and literal[0] not in ".:":
            yield Finding(
                Code.SUFFIX_WITHOUT_DELIMITER,
                at,
                f"{operation.label}: {text!r}",
                f"it is about evil{literal} too",
                f"write '*.{literal}', and '{literal}' where that is meant as well",
            )
        if widens and pattern.kind is Kind.PREFIX:
            yield Finding(
                Code.HOST_PREFIX,
                at,
                f"{operation.label}: {text!r}",
                f"whoever has a domain can name a host {literal.rstrip('.')}.evil.example",
                "write the hosts whole, or their common end as '*.example.com'",
            )
        if pattern.kind in {Kind.EXACT, Kind.SUFFIX} and re.search(r":\d+$", literal) and literal.count(":") == 1:
            yield Finding(
                Code.HOST_WITH_PORT,
                at,
                f"{operation.label}: {text!r}",
                "clients leave the port out where it is the usual one, and then this does not match",
                f"write '{literal.rpartition(':')[0] or '*'}', which is about every port",
            )


def _redundant(operation: WrittenOperation) -> Iterator[Finding]:
    for name in _NAMES:
        yield from _covered_texts(operation, list(_listed(operation, name)))


def _covered_texts(operation: WrittenOperation, texts: Sequence[tuple[FieldPath, str]]) -> Iterator[Finding]:
    for place, (at, text) in enumerate(texts):
        for other, (_, wide) in enumerate(texts):
            if other != place and _is_covered(text, wide) and not (_is_covered(wide, text) and other > place):
                yield Finding(
                    Code.REDUNDANT_VALUE,
                    at,
                    f"{operation.label}: {text!r}",
                    f"{wide!r} is in the list too, and is about all of it",
                    "leave one of them out",
                )
                break


def _is_covered(text: str, wide: str) -> bool:
    if "{" in text or "{" in wide:
        return text == wide
    narrow, broad = parse(text), parse(wide)
    match broad.kind:
        case Kind.PRESENT:
            return True
        case Kind.PREFIX:
            return narrow.kind in {Kind.EXACT, Kind.PREFIX} and narrow.literal.startswith(broad.literal)
        case Kind.SUFFIX:
            return narrow.kind in {Kind.EXACT, Kind.SUFFIX} and narrow.literal.endswith(broad.literal)
        case _:
            return narrow == broad


def _expressions(subject: Subject) -> Iterator[Finding]:
    for one in subject.rules:
        for term in one.rule.conditions:
            if isinstance(term, Condition):
                continue
            for found in _MATCHES.finditer(term.text):
                regex = found["regex"]
                if not regex.startswith(("^", "(?")) or not regex.endswith("$"):
                    yield Finding(
                        Code.REGEX_WITHOUT_ANCHORS,
                        one.field,
                        f"{one.label}: matches({regex!r})",
                        "it looks for a match anywhere in the text",
                        f"write matches('^{regex.strip('^$')}$'), or .* at the ends where that is meant",
                    )
