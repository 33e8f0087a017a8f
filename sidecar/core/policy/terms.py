"""Conditions in another language (``model.Term``): what their variables are, and whether they hold.

A path and a header may be read in several ways. A term that looks at them is asked about each, in all combinations;
where it keeps a request out one of them is enough, and where it lets one in all have to hold. What cannot be told (a
variable that is not there, a comparison of unlike things, too many combinations) keeps the request out.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product
from math import prod

from sidecar.core.endpoint import Endpoint
from sidecar.core.identity import Identity
from sidecar.core.policy.attributes import header_readings, is_read_alike
from sidecar.core.policy.case import Case
from sidecar.core.policy.commas import needs_runs
from sidecar.core.policy.model import Expression, Joint, Term, Value
from sidecar.core.policy.peer import Workload, client_address, workload
from sidecar.core.strict_json import Json

#: Combinations of readings that are looked at: a path has up to 13, and each evaluation may take milliseconds.
_MOST_READINGS = 16
PATH, HEADERS, CLAIMS, BODY = "request.path", "request.headers", "identity.claims", "request.body"


def _at_endpoint(find: Callable[[Endpoint], object]) -> Callable[[Case], object]:
    return lambda case: find(case.request.endpoint)


def _of_somebody(find: Callable[[Identity], object]) -> Callable[[Case], object]:
    return lambda case: None if case.identity is None else find(case.identity)


#: ``None`` where there is none: the variable is not there then. Times are in seconds since the epoch.
_OF_ENDPOINT: Mapping[str, Callable[[Endpoint], object]] = {
    "request.method": lambda endpoint: endpoint.method,
    "request.host": lambda endpoint: endpoint.hosts[0],
    "destination.port": lambda endpoint: int(endpoint.port) if endpoint.port else None,
}
_OF_IDENTITY: Mapping[str, Callable[[Identity], object]] = {
    "identity.subject": lambda identity: identity.subject,
    "identity.issuer": lambda identity: identity.issuer,
    "identity.principal": lambda identity: identity.principal,
    "identity.audiences": lambda identity: list(identity.audiences),
    "identity.scopes": lambda identity: sorted(identity.scopes),
}
_OF_REQUEST: Mapping[str, Callable[[Case], object]] = {
    "request.query": lambda case: case.request.query,
    "request.scheme": lambda case: case.request.sent.scheme or None,
    "request.id": lambda case: case.request.sent.request_id or None,
    "request.time": lambda case: case.now,
    "now": lambda case: case.now,
    "source.address": lambda case: case.request.sent.source or None,
    "source.principal": lambda case: _peer(case, lambda found: (found.principal,)),
    "source.namespace": lambda case: _peer(case, lambda found: found.namespaces),
    "source.service_account": lambda case: _peer(case, lambda found: found.service_accounts),
    "remote.address": lambda case: client_address(
        case.request.headers.get("x-forwarded-for"), case.request.sent.source, case.proxies
    ),
    "destination.address": lambda case: case.request.sent.destination or None,
    "connection.sni": lambda case: case.request.sent.server_name or None,
    "context": lambda case: case.request.sent.attributes.context_extensions,
    "route.metadata": lambda case: case.request.sent.route_metadata,
}
#: Finds each variable there is, with the first reading of the path, and all headers and claims.
FINDERS: Mapping[str, Callable[[Case], object]] = {
    PATH: lambda case: case.request.endpoint.paths[0],
    HEADERS: lambda case: case.request.headers,
    BODY: lambda case: case.request.body,
    CLAIMS: lambda case: case.identity and case.identity.claims,
    **{name: _at_endpoint(find) for name, find in _OF_ENDPOINT.items()},
    **{name: _of_somebody(find) for name, find in _OF_IDENTITY.items()},
    **_OF_REQUEST,
}
VARIABLES = frozenset(FINDERS)


def all_hold(joint: Joint, case: Case, *, keeps_out: bool) -> bool:
    """Say whether all terms of a rule hold."""
    if (joint.headers or joint.reads_path) and not _has_one_reading(joint, case):
        return all(holds(term, case, keeps_out=keeps_out) for term in joint.terms)
    answer = joint.ask(case)
    return keeps_out if answer is None else answer


def _has_one_reading(joint: Joint, case: Case) -> bool:
    request = case.request
    if joint.reads_path and len(request.endpoint.paths) > 1:
        return False
    for name in joint.headers:
        value = request.headers.get(name)
        if value is not None and not is_read_alike(value):
            return False
    return True


def holds(term: Term, case: Case, *, keeps_out: bool) -> bool:
    """Say whether a term holds. ``keeps_out``: whether a rule that matches keeps the request out."""
    values = _values(term, case)
    headers = [(name, header_readings(name, case.request, runs=needs_runs(term))) for name in sorted(term.headers)]
    if any(readings is None for _, readings in headers):
        return keeps_out
    paths = case.request.endpoint.paths if PATH in term.variables else ("",)
    choices = [[(name, reading) for reading in readings or ()] for name, readings in headers]
    if len(paths) * prod(map(len, choices)) > _MOST_READINGS:
        return keeps_out
    ways = (_read_as(term, path, chosen) for path in paths for chosen in product(*choices))
    return _joined((term(values | way) for way in ways), keeps_out=keeps_out)


def holds_at(term: Term, endpoint: Endpoint, path: str, *, keeps_out: bool) -> bool:
    """Say whether a term that looks at nothing else holds at an endpoint whose path is read as ``path``."""
    values = {name: _OF_ENDPOINT[name](endpoint) for name in term.variables if name != PATH}
    values[PATH] = path
    return _joined(iter([term(values)]), keeps_out=keeps_out)


def value_of(value: Value, case: Case) -> Json:
    """Return what a value comes to, path and headers as they were sent; ``None`` if it cannot be told."""
    headers = ((name, case.request.headers.get(name)) for name in value.headers)
    return value(_values(value, case) | _read_as(value, case.request.endpoint.paths[0], headers))


def seen_by(term: Term, case: Case) -> tuple[str, ...]:
    """Return what a term's variables are, each as a text; what is not there is left out."""
    values = _values(term, case)
    if CLAIMS in values and case.identity is not None:
        values[CLAIMS] = _claims(term, case.identity)
    if PATH in term.variables:
        paths = case.request.endpoint.paths
        values[PATH] = paths if len(paths) > 1 else paths[0]
    if HEADERS in term.variables:
        values[HEADERS] = {name: case.request.headers.get(name) for name in sorted(term.headers)}
    return tuple(f"{name} = {value!r}" for name, value in sorted(values.items()) if value is not None)


def _joined(answers: Iterator[bool | None], *, keeps_out: bool) -> bool:
    if keeps_out:
        return any(answer is not False for answer in answers)
    return all(answer is True for answer in answers)


def _values(term: Expression, case: Case) -> dict[str, object]:
    """Return all variables but path and headers; what is not there is ``None``."""
    return {name: FINDERS[name](case) for name in term.variables if name not in {PATH, HEADERS}}


def _claims(term: Term, identity: Identity) -> object:
    claims = identity.claims
    if term.claims is None:
        return dict(claims)
    return {name: claims[name] for name in term.claims if name in claims}


def _read_as(term: Expression, path: str, headers: Iterable[tuple[str, str | None]]) -> dict[str, object]:
    found: dict[str, object] = {}
    if PATH in term.variables:
        found[PATH] = path
    if HEADERS in term.variables:
        found[HEADERS] = {name: value for name, value in headers if value is not None}
    return found


def _peer(case: Case, read: Callable[[Workload], tuple[str, ...]]) -> str | None:
    found = workload(case.request.sent.principal)
    names = () if found is None else read(found)
    return names[0] if len(names) == 1 else None  # of several nobody knows which is meant
