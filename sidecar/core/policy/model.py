"""The compiled policy: immutable values, one class for each level of the document.

``None`` for a field means that the document does not name it, so it restricts nothing. Within an object fields are
joined by AND, values by OR; sources by OR, operations by OR, conditions by AND; a rule is its sources AND operations
AND conditions; a policy is its rules joined by OR.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from sidecar.core.policy.index import PathIndex
from sidecar.core.policy.match import Matching, StringSet, Values
from sidecar.core.policy.peer import NO_PROXIES, Proxies
from sidecar.core.strict_json import Json

if TYPE_CHECKING:
    from sidecar.core.policy.case import Case

#: Percent.
EVERYBODY = 100.0


class Action(StrEnum):
    """What a policy does to a request that one of its rules matches. ``AUDIT`` only says so."""

    ALLOW = "allow"
    DENY = "deny"
    AUDIT = "audit"


class Looks(IntEnum):
    """What a condition looks at. What looks at less is asked less often."""

    ENDPOINT = 0  #: method, path, host and port: asked once an endpoint
    IDENTITY = 1  #: asked once an identity
    REQUEST = 2  #: all else, and mixtures: asked in each check


class AttributeKind(StrEnum):
    """Where a condition's values come from. ``HEADER`` and ``CLAIM`` take a path: the names in square brackets."""

    HEADER = "request.headers"
    CLAIM = "request.auth.claims"
    PRINCIPAL = "request.auth.principal"
    AUDIENCES = "request.auth.audiences"
    PRESENTER = "request.auth.presenter"
    SOURCE_IP = "source.ip"
    REMOTE_IP = "remote.ip"
    SOURCE_NAMESPACE = "source.namespace"
    SOURCE_PRINCIPAL = "source.principal"
    SERVICE_ACCOUNT = "source.serviceAccount"
    DESTINATION_IP = "destination.ip"
    DESTINATION_PORT = "destination.port"
    SNI = "connection.sni"

    @property
    def looks(self) -> Looks:
        """Return what it is looked at in."""
        if self is AttributeKind.DESTINATION_PORT:
            return Looks.ENDPOINT
        return Looks.IDENTITY if self.value.startswith("request.auth.") else Looks.REQUEST

    @property
    def is_address(self) -> bool:
        """Say whether its values are IP addresses."""
        return self.value.endswith(".ip")


@dataclass(frozen=True, slots=True)
class Condition:
    """``when``: an attribute and what it must and must not be."""

    kind: AttributeKind
    path: tuple[str, ...]
    values: Values[Matching]

    @property
    def looks(self) -> Looks:
        """Return what it looks at."""
        return self.kind.looks


class Expression(Protocol):
    """Something in another language: of ``variables``, which ``terms`` knows. Equal by its text."""

    @property
    def text(self) -> str:
        """Return it as it is written."""

    @property
    def looks(self) -> Looks:
        """Return what it looks at."""

    @property
    def variables(self) -> frozenset[str]:
        """Return the names of all that it looks at."""

    @property
    def headers(self) -> frozenset[str]:
        """Return the names of the request's headers that it looks at, in lower case."""

    @property
    def claims(self) -> frozenset[str] | None:
        """Return the names of the claims that it looks at, ``None`` for all of them."""


class Value(Expression, Protocol):
    """What comes to a value of JSON."""

    def __call__(self, values: Mapping[str, object]) -> Json:
        """Return what it is, its variables having ``values`` (``None``: none); ``None`` if that cannot be told."""


class Term(Expression, Protocol):
    """A condition."""

    def __call__(self, values: Mapping[str, object]) -> bool | None:
        """Say whether it holds, its variables having ``values`` (``None``: none); ``None`` if that cannot be told."""


@dataclass(frozen=True, slots=True)
class Source:
    """``from.source``: conditions, joined by AND."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """``to.operation``."""

    hosts: Values[StringSet]
    ports: Values[StringSet]
    methods: Values[StringSet]
    paths: Values[StringSet]


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """The terms of a rule that are asked in each check, as one question.

    ``ask`` answers for all of them, joined by AND, where there is one reading alone of the path and of each header:
    ``False`` if one does not hold, ``None`` if that cannot be told.
    """

    terms: tuple[Term, ...]
    ask: Callable[["Case"], bool | None] = field(repr=False)
    headers: tuple[str, ...] = field(init=False)
    reads_path: bool = field(init=False)

    def __post_init__(self) -> None:
        """Note what may be read in several ways."""
        names = sorted({name for one in self.terms for name in one.headers})
        object.__setattr__(self, "headers", tuple(names))
        object.__setattr__(self, "reads_path", any("request.path" in one.variables for one in self.terms))


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Empty ``sources``, ``operations`` or ``conditions`` restrict nothing.

    ``of_endpoint``, ``of_request`` and ``of_identity`` are the conditions again, by what they look at; and
    ``sources_look`` at the identity, or at the request as well. ``joint`` has the terms among ``of_request``, if there
    are any, and ``apart`` those that are not in it.
    """

    sources: tuple[Source, ...]
    operations: tuple[Operation, ...]
    conditions: tuple[Condition | Term, ...]
    joint: Joint | None = field(default=None, compare=False)
    apart: tuple[Condition | Term, ...] = field(init=False, compare=False)
    reads_body: bool = field(init=False, compare=False)
    of_endpoint: tuple[Condition | Term, ...] = field(init=False, compare=False)
    of_identity: tuple[Condition | Term, ...] = field(init=False, compare=False)
    of_request: tuple[Condition | Term, ...] = field(init=False, compare=False)
    sources_look: Looks = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Tell the conditions apart."""
        for looks in Looks:
            chosen = tuple(one for one in self.conditions if one.looks is looks)
            object.__setattr__(self, f"of_{looks.name.lower()}", chosen)
        joined = self.joint.terms if self.joint else ()
        terms = (one for one in self.of_request if not isinstance(one, Condition))
        object.__setattr__(self, "reads_body", any("request.body" in one.variables for one in terms))
        object.__setattr__(self, "apart", tuple(one for one in self.of_request if one not in joined))
        looking = (one.looks for source in self.sources for one in source.conditions)
        object.__setattr__(self, "sources_look", max(looking, default=Looks.IDENTITY))

    @property
    def looks_at_request(self) -> bool:
        """Say whether it has to be asked in each check."""
        return bool(self.of_request) or self.sources_look is Looks.REQUEST

    @property
    def all_conditions(self) -> Iterator[Condition | Term]:
        """Give all that it has, in whatever place."""
        yield from self.conditions
        for source in self.sources:
            yield from source.conditions


@dataclass(frozen=True, slots=True)
class Policy:
    """A named policy. ``scopes``, for ``ALLOW`` alone, must all be in the token where one of the rules matches.

    ``percent`` is for how many of a hundred subjects it is enforced; for the others it is tried only (``trial.py``).
    """

    name: str
    action: Action
    rules: tuple[Rule, ...]
    scopes: frozenset[str]
    percent: float = EVERYBODY


class Entry(NamedTuple):
    """One rule of one policy, in an index; ``number`` is its own within the policy set, ``place`` that in its policy.

    Places are for people, and begin with 1.
    """

    number: int
    policy: Policy
    rule: Rule
    place: int


@dataclass(frozen=True, slots=True)
class PolicySet:
    """All policies. ``public`` needs no token; ``cors_preflight`` neither, for CORS preflight requests alone.

    ``proxies`` are those before Envoy. ``needs_identity``: whether a request without a credential is denied, whatever
    policies say. ``allows_by_default``: whether all that no deny policy closes may pass, where there is no allow policy
    at all. Both are as they are here but for documents of Istio's. ``dry_run``: nothing is enforced, no policy and
    nothing else. ``lacking``: there are policies that are not here, any of which could allow what none of these does.
    What ends in ``_by_path`` is the same once more, to be looked at.
    """

    deny: tuple[Policy, ...]
    allow: tuple[Policy, ...]
    public: tuple[Operation, ...]
    cors_preflight: tuple[Operation, ...]
    audit: tuple[Policy, ...] = ()
    proxies: Proxies = NO_PROXIES
    needs_identity: bool = True
    allows_by_default: bool = False
    dry_run: bool = False
    lacking: bool = False
    reads_ports: bool = field(init=False, compare=False, repr=False)
    deny_by_path: PathIndex[Entry] = field(init=False, compare=False, repr=False)
    allow_by_path: PathIndex[Entry] = field(init=False, compare=False, repr=False)
    audit_by_path: PathIndex[Entry] = field(init=False, compare=False, repr=False)
    public_by_path: PathIndex[Operation] = field(init=False, compare=False, repr=False)
    cors_preflight_by_path: PathIndex[Operation] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Index all of it."""
        entries = list(_entries((*self.deny, *self.allow, *self.audit)))
        for action in Action:
            chosen = [one for one in entries if one.policy.action is action]
            object.__setattr__(self, f"{action.value}_by_path", _rules_by_path(chosen))
        object.__setattr__(self, "public_by_path", _operations_by_path(self.public))
        object.__setattr__(self, "cors_preflight_by_path", _operations_by_path(self.cors_preflight))
        object.__setattr__(self, "reads_ports", any(map(_reads_port, self._looked_at())))

    @property
    def all(self) -> tuple[Policy, ...]:
        """Return all policies, whatever they do."""
        return (*self.deny, *self.allow, *self.audit)

    @property
    def conditions(self) -> Iterator[Condition | Term]:
        """Give all conditions of all policies."""
        return (one for policy in self.all for rule in policy.rules for one in rule.all_conditions)

    def _looked_at(self) -> Iterator[Operation | Condition | Term]:
        yield from (one for policy in self.all for rule in policy.rules for one in rule.operations)
        yield from self.conditions
        yield from (*self.public, *self.cors_preflight)


def _reads_port(looked_at: Operation | Condition | Term) -> bool:
    if isinstance(looked_at, Operation):
        return not looked_at.ports.is_open
    if isinstance(looked_at, Condition):
        return looked_at.kind is AttributeKind.DESTINATION_PORT
    return AttributeKind.DESTINATION_PORT.value in looked_at.variables


def _entries(policies: Iterable[Policy]) -> Iterator[Entry]:
    rules = ((policy, rule, place) for policy in policies for place, rule in enumerate(policy.rules, 1))
    return (Entry(number, *one) for number, one in enumerate(rules))


def _rules_by_path(entries: Iterable[Entry]) -> PathIndex[Entry]:
    # A rule without operations is for any path.
    return PathIndex((one, [each.paths.values for each in one.rule.operations] or [None]) for one in entries)


def _operations_by_path(operations: Iterable[Operation]) -> PathIndex[Operation]:
    return PathIndex((one, [one.paths.values]) for one in operations)
