"""Requests and identities as hooks see them, made of the core's."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

from sidecar.core.identity import Identity as Verified
from sidecar.core.policy.attributes import header_readings
from sidecar.core.request import Request as Asked
from sidecar.hooks.declaration import Declaration
from sidecar.hooks.facts import Facts, frozen
from sidecar.hooks.headers import Headers
from sidecar.hooks.identity import IDENTITY_FACTS, Identity
from sidecar.hooks.request import REQUEST_FACTS, Request

#: What shows how the path is read.
_PATH = frozenset({"path"})

Plain = dict[str, object]
_View = TypeVar("_View", bound=Facts)


@dataclass(frozen=True, slots=True)
class Question:
    """What a hook is asked: JSON values by name, those that it may see. ``paths`` are all readings of the path.

    ``identity`` is ``None`` where there is none, or nothing of it may be seen.
    """

    request: Plain
    identity: Plain | None
    paths: tuple[str, ...]


def question(request: Asked, identity: Verified | None, declared: Declaration) -> Question:
    """Return what a hook that declares this is asked."""
    names = REQUEST_FACTS if declared.cache is None else REQUEST_FACTS & set(declared.cache)
    seen = {name: _REQUEST[name](request) for name in names - {"headers"}}
    if "headers" in names:
        seen["headers"] = dict(_headers(request, declared.reads_headers))
    of_identity = IDENTITY_FACTS & set(declared.cache or ()) if declared.shared else IDENTITY_FACTS
    if identity is None or not of_identity:
        return Question(seen, None, request.endpoint.paths)
    return Question(seen, {name: _IDENTITY[name](identity) for name in of_identity}, request.endpoint.paths)


def _headers(request: Asked, names: Collection[str]) -> Iterator[tuple[str, str | None]]:
    """Yield those that were sent; ``None`` for a value that policies could not read either."""
    for name in names:
        if name in request.headers:
            readings = header_readings(name, request, runs=False)
            yield name, None if readings is None else readings[0]


_REQUEST: dict[str, Callable[[Asked], object]] = {
    "method": lambda request: request.endpoint.method,
    "path": lambda request: request.endpoint.paths[0],
    "raw_path": lambda request: request.sent.path,
    "query": lambda request: request.query,
    "host": lambda request: request.endpoint.hosts[0],
    "source": lambda request: request.sent.source,
    "context": lambda request: dict(request.sent.attributes.context_extensions),
}
_IDENTITY: dict[str, Callable[[Verified], object]] = {
    "subject": lambda identity: identity.subject,
    "issuer": lambda identity: identity.issuer,
    "principal": lambda identity: identity.principal,
    "scopes": lambda identity: sorted(identity.scopes),
    "audiences": lambda identity: list(identity.audiences),
    "claims": lambda identity: dict(identity.claims),
}


def request_view(asked: Question, path: str, reads_headers: Collection[str]) -> Request:
    """Return the request, its path read as ``path``."""
    values = dict(asked.request)
    if "path" in values:
        values["path"] = path
    if "headers" in values:
        values["headers"] = Headers(_mapping(values["headers"]), reads_headers)
    if "context" in values:
        values["context"] = MappingProxyType(dict(_mapping(values["context"])))
    return _made(Request, values)


def identity_view(asked: Question) -> Identity | None:
    """Return the identity. Nothing of it can be changed, nor is anything of it the core's."""
    if asked.identity is None:
        return None
    values = {name: frozen(value) for name, value in asked.identity.items()}
    if "scopes" in values:
        values["scopes"] = frozenset(asked.identity["scopes"])  # type: ignore[call-overload]
    return _made(Identity, values)


def looked_at_path(request: Request) -> bool:
    """Say whether a hook looked at how the path is read."""
    return not _PATH.isdisjoint(request._seen)  # noqa: SLF001 - its maker


def _mapping(value: object) -> Mapping[str, Any]:
    assert isinstance(value, Mapping)  # noqa: S101 - ours
    return value


def _made(kind: type[_View], values: Plain) -> _View:
    made = kind.__new__(kind)
    Facts.__init__(made, values)
    return made
