"""The compiled effects: immutable values, one class for each level of the document."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from sidecar.core.policy.model import AttributeKind, Looks, Value

#: A text as it is, or what is evaluated.
Content: TypeAlias = "str | Value"
#: Names with their values.
Named: TypeAlias = tuple[tuple[str, Content], ...]
#: JSON with expressions in it.
Shape: TypeAlias = "Value | str | int | float | bool | Sequence[Shape] | Mapping[str, Shape] | None"


@dataclass(frozen=True, slots=True)
class Allowed:
    """What an allow policy does to the requests that it lets in.

    ``set``, ``append`` and ``remove`` are the request's headers; ``client_set`` and ``client_append`` the response's;
    ``query_set`` and ``query_remove`` are parameters of the request. ``metadata`` is for Envoy. An answer that
    ``looks_at_request`` is for that request alone, and one that ``looks_at_endpoint`` for that endpoint.
    """

    set: Named = ()
    append: Named = ()
    remove: tuple[str, ...] = ()
    client_set: Named = ()
    client_append: Named = ()
    query_set: Named = ()
    query_remove: tuple[str, ...] = ()
    metadata: Named = ()
    looks_at_request: bool = field(init=False, compare=False)
    looks_at_endpoint: bool = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Say once what each answer would have to ask."""
        looks = {one.looks for one in self.expressions}
        # Whether a header is appended to or set depends on whether the client sent it.
        object.__setattr__(self, "looks_at_request", Looks.REQUEST in looks or bool(self.append))
        object.__setattr__(self, "looks_at_endpoint", Looks.ENDPOINT in looks)

    @property
    def expressions(self) -> Iterator[Value]:
        """Give all that is evaluated."""
        named = (self.set, self.append, self.client_set, self.client_append, self.query_set, self.metadata)
        return (value for each in named for _, value in each if not isinstance(value, str))


#: Of a policy without any.
NO_EFFECT = Allowed()


@dataclass(frozen=True, slots=True)
class JsonBody:
    """A body of JSON: each expression in it becomes its value."""

    content: Shape


@dataclass(frozen=True, slots=True)
class TextBody:
    """A body of plain text."""

    text: Content


@dataclass(frozen=True, slots=True)
class HtmlBody:
    """A body of HTML: literal parts, and the names of values between them; the names are of ``values``."""

    parts: tuple[str, ...]
    names: tuple[str, ...]
    values: Named


Body: TypeAlias = JsonBody | TextBody | HtmlBody


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where a browser is sent: ``before``, the URL that was asked for as a query value if ``has_url``, ``after``."""

    before: str
    after: str
    has_url: bool


@dataclass(frozen=True, slots=True)
class Denied:
    """How a denial is told. ``None``, and no headers: as without it."""

    status: int | None = None
    body: Body | None = None
    redirect: Redirect | None = None
    headers: Named = ()

    @property
    def expressions(self) -> Iterator[Value]:
        """Give all that is evaluated."""
        named = [value for _, value in self.headers]
        match self.body:
            case JsonBody():
                yield from _within(self.body.content)
            case TextBody():
                named.append(self.body.text)
            case HtmlBody():
                named += [value for _, value in self.body.values]
        yield from (value for value in named if not isinstance(value, str))


class Origin(NamedTuple):
    """A way in which clients know us: ``https://app.example``, and its host with the port, as host patterns have it."""

    text: str
    host: str


@dataclass(frozen=True, slots=True)
class Effects:
    """All effects of a configuration. ``allowed`` and ``denied`` are by the policy's name.

    ``unauthenticated`` is for denials with 401, ``unauthorized`` for those with 403 whose policy has no ``denied`` of
    its own. A client that asked at none of ``origins`` is never sent back to what it asked for.
    """

    allowed: Mapping[str, Allowed] = field(default_factory=dict)
    denied: Mapping[str, Denied] = field(default_factory=dict)
    unauthenticated: Denied | None = None
    unauthorized: Denied | None = None
    origins: tuple[Origin, ...] = ()
    #: Names of policies whose answers are for one endpoint.
    of_endpoint: frozenset[str] = field(init=False, compare=False)
    set_parameters: tuple[str, ...] = field(init=False, compare=False)
    changes_queries: bool = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Freeze the mappings, and say once what each request would have to ask."""
        for name in ("allowed", "denied"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        looking = (name for name, one in self.allowed.items() if one.looks_at_endpoint)
        object.__setattr__(self, "of_endpoint", frozenset(looking))
        names = (name for one in self.allowed.values() for name, _ in one.query_set)
        object.__setattr__(self, "set_parameters", tuple(sorted(set(names))))
        removes = any(one.query_remove for one in self.allowed.values())
        object.__setattr__(self, "changes_queries", removes or bool(self.set_parameters))

    @property
    def all_denied(self) -> tuple[Denied, ...]:
        """Return all ways in which a denial is told."""
        return (*self.denied.values(), *filter(None, (self.unauthenticated, self.unauthorized)))

    @property
    def expressions(self) -> Iterator[Value]:
        """Give all that is evaluated."""
        yield from (value for one in self.allowed.values() for value in one.expressions)
        yield from (value for one in self.all_denied for value in one.expressions)

    @property
    def upstream_headers(self) -> frozenset[str]:
        """Return the names of the headers that a policy sets: no client may send them."""
        return frozenset(name for one in self.allowed.values() for name, _ in one.set)

    @property
    def reads_ports(self) -> bool:
        """Say whether the listener's port is looked at."""
        return any(AttributeKind.DESTINATION_PORT.value in one.variables for one in self.expressions)


#: Of a configuration without any.
NO_EFFECTS = Effects()


def _within(shape: Shape) -> Iterator[Value]:
    if isinstance(shape, Mapping):
        for one in shape.values():
            yield from _within(one)
    elif isinstance(shape, Sequence) and not isinstance(shape, str):
        for one in shape:
            yield from _within(one)
    elif shape is not None and not isinstance(shape, str | int | float):
        yield shape
