"""The compiled policy: immutable values, one class for each level of the document.

``None`` for a field means that the document does not name it, so it restricts nothing. Within an object fields are
joined by AND, values by OR; sources by OR, operations by OR, conditions by AND; a rule is its sources AND operations
AND conditions; a policy is its rules joined by OR.
"""

from dataclasses import dataclass
from enum import StrEnum

from sidecar.core.policy.match import StringSet


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
class Values:
    """``values`` and ``notValues`` of one field: some value must match the first, none may match the second."""

    values: StringSet | None
    not_values: StringSet | None


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
    """One rule. Empty ``sources``, ``operations`` or ``conditions`` restrict nothing."""

    sources: tuple[Source, ...]
    operations: tuple[Operation, ...]
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A named policy. ``scopes``, for ``ALLOW`` alone, must all be in the token where one of the rules matches."""

    name: str
    action: Action
    rules: tuple[Rule, ...]
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class PolicySet:
    """All policies. ``public`` needs no token; ``cors_preflight`` neither, for CORS preflight requests alone."""

    deny: tuple[Policy, ...]
    allow: tuple[Policy, ...]
    public: tuple[Operation, ...]
    cors_preflight: tuple[Operation, ...]
