"""Whether a condition is met, in all ways that a request may be read.

Whatever keeps a request out (``keeps_out``) is met if any reading meets it, and whatever lets one in if all do. What
cannot be told keeps out.
"""

from sidecar.core.endpoint import Endpoint
from sidecar.core.policy.attributes import attribute
from sidecar.core.policy.case import Case
from sidecar.core.policy.match import Matching, Values, matches_any, matches_one
from sidecar.core.policy.model import Condition, Operation, Term
from sidecar.core.policy.terms import holds, holds_at


def is_met(condition: Condition | Term, case: Case, *, keeps_out: bool) -> bool:
    """Say whether a condition is met by a request and an identity."""
    if not isinstance(condition, Condition):
        return holds(condition, case, keeps_out=keeps_out)
    found = attribute(condition, case)
    if not found.readable:
        return keeps_out
    matching = (matches_any(condition.values, reading) for reading in found.readings)
    return any(matching) if keeps_out else all(matching)


def is_met_at(condition: Condition | Term, endpoint: Endpoint, path: str, *, keeps_out: bool) -> bool:
    """Say whether a condition that looks at the endpoint alone is met where its path is read as ``path``."""
    if isinstance(condition, Condition):
        return port_matches(condition.values, endpoint.port, keeps_out=keeps_out)
    return holds_at(condition, endpoint, path, keeps_out=keeps_out)


def is_about(operation: Operation, endpoint: Endpoint, path: str, *, keeps_out: bool) -> bool:
    """Say whether an operation is about an endpoint whose path is read as ``path``."""
    return (
        matches_one(operation.paths, path)
        and matches_one(operation.methods, endpoint.method)
        and matches_any(operation.hosts, endpoint.hosts)
        and port_matches(operation.ports, endpoint.port, keeps_out=keeps_out)
    )


def port_matches(field: Values[Matching], port: str, *, keeps_out: bool) -> bool:
    """Say whether a port is among those of a field. Empty: Envoy names none, as of a Unix socket; it may be any."""
    if port or field.is_open:
        return matches_one(field, port)
    return keeps_out
