"""The compiled policy: immutable values, one class for each level of the document.

``None`` for a field means that the document does not name it, so it restricts nothing. Within an object fields are
joined by AND, values by OR; sources by OR, operations by OR, conditions by AND; a rule is its sources AND operations
AND conditions; a policy is its rules joined by OR.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from sidecar.core.policy.index import PathIndex
from sidecar.core.policy.match import Values


class Action(StrEnum):
    """What a policy does to a request that one of its rules matches."""

    ALLOW = "allow"
    DENY = "deny"


class AttributeKind(StrEnum):
    """Where a condition's values come from. ``HEADER`` and ``CLAIM`` take a path: the names in square brackets."""

    HEADER = "request.headers"
    CLAIM = "request.auth.claims"
    PRINCIPAL = "request.auth.principal"
    AUDIENCES = "request.auth.audiences"
    PRESENTER = "request.auth.presenter"


@dataclass(frozen=True, slots=True)
class Source:
    """``from.source``."""

    request_principals: Values


@dataclass(frozen=True, slots=True)
class Operation:
    """``to.operation``."""

    hosts: Values
    ports: Values
    methods: Values
    paths: Values


@dataclass(frozen=True, slots=True)
class Condition:
    """``when``: an attribute and what it must and must not be."""

    kind: AttributeKind
    path: tuple[str, ...]
    values: Values


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Empty ``sources``, ``operations`` or ``conditions`` restrict nothing.

    ``of_request`` and ``of_identity`` are the conditions again, by what they look at.
    """

    sources: tuple[Source, ...]
    operations: tuple[Operation, ...]
    conditions: tuple[Condition, ...]
    of_request: tuple[Condition, ...] = field(init=False, compare=False)
    of_identity: tuple[Condition, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Tell the conditions apart."""
        for name, is_wanted in (("of_request", True), ("of_identity", False)):
            chosen = tuple(one for one in self.conditions if (one.kind is AttributeKind.HEADER) is is_wanted)
            object.__setattr__(self, name, chosen)


@dataclass(frozen=True, slots=True)
class Policy:
    """A named policy. ``scopes``, for ``ALLOW`` alone, must all be in the token where one of the rules matches."""

    name: str
    action: Action
    rules: tuple[Rule, ...]
    scopes: frozenset[str]


class Entry(NamedTuple):
    """One rule of one policy, in an index; ``number`` is its own within the policy set."""

    number: int
    policy: Policy
    rule: Rule


@dataclass(frozen=True, slots=True)
class PolicySet:
    """All policies. ``public`` needs no token; ``cors_preflight`` neither, for CORS preflight requests alone.

    What ends in ``_by_path`` is the same once more, to be looked at.
    """

    deny: tuple[Policy, ...]
    allow: tuple[Policy, ...]
    public: tuple[Operation, ...]
    cors_preflight: tuple[Operation, ...]
    reads_ports: bool = field(init=False, compare=False, repr=False)
    deny_by_path: PathIndex[Entry] = field(init=False, compare=False, repr=False)
    allow_by_path: PathIndex[Entry] = field(init=False, compare=False, repr=False)
    public_by_path: PathIndex[Operation] = field(init=False, compare=False, repr=False)
    cors_preflight_by_path: PathIndex[Operation] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Index all of it."""
        denying = list(_entries(self.deny, 0))
        indices: dict[str, PathIndex[Entry] | PathIndex[Operation]] = {
            "deny_by_path": _rules_by_path(denying),
            "allow_by_path": _rules_by_path(_entries(self.allow, len(denying))),
            "public_by_path": _operations_by_path(self.public),
            "cors_preflight_by_path": _operations_by_path(self.cors_preflight),
        }
        for name, index in indices.items():
            object.__setattr__(self, name, index)
        operations = (one for entry in (*denying, *_entries(self.allow, 0)) for one in entry.rule.operations)
        is_read = any(not one.ports.is_open for one in (*operations, *self.public, *self.cors_preflight))
        object.__setattr__(self, "reads_ports", is_read)


def _entries(policies: Iterable[Policy], number: int) -> Iterator[Entry]:
    rules = ((policy, rule) for policy in policies for rule in policy.rules)
    return (Entry(place, *one) for place, one in enumerate(rules, number))


def _rules_by_path(entries: Iterable[Entry]) -> PathIndex[Entry]:
    # A rule without operations is for any path.
    return PathIndex((one, [each.paths.values for each in one.rule.operations] or [None]) for one in entries)


def _operations_by_path(operations: Iterable[Operation]) -> PathIndex[Operation]:
    return PathIndex((one, [one.paths.values]) for one in operations)
