"""What rules look at: the attributes of a request and its identity, each as the values it has (none: no value).

Istio's missing-attribute semantics follow from that: no value matches no ``values``, and fails no ``notValues``.
"""

from collections.abc import Mapping

from sidecar.core.identity import Identity
from sidecar.core.policy.model import AttributeKind, Condition
from sidecar.core.request import Request
from sidecar.core.strict_json import Json


def attribute_values(condition: Condition, request: Request, identity: Identity | None) -> tuple[str, ...]:
    """Return the values of the condition's attribute."""
    if condition.kind is AttributeKind.HEADER:
        value = request.headers.get(condition.path[0])
        return () if value is None else (value,)
    return () if identity is None else _identity_values(condition, identity)


def _identity_values(condition: Condition, identity: Identity) -> tuple[str, ...]:
    match condition.kind:
        case AttributeKind.CLAIM:
            return _texts(claim_at(identity.claims, condition.path))
        case AttributeKind.PRINCIPAL:
            return () if identity.principal is None else (identity.principal,)
        case AttributeKind.AUDIENCES:
            return identity.audiences
        case AttributeKind.PRESENTER:
            return _texts(identity.claims.get("azp"))
        case AttributeKind.HEADER:
            return ()


def claim_at(claims: Mapping[str, Json], path: tuple[str, ...]) -> Json:
    """Follow ``path`` into nested claims; ``None`` where it leads nowhere."""
    members = claims
    for name in path[:-1]:
        inner = members.get(name)
        if not isinstance(inner, dict):
            return None
        members = inner
    return members.get(path[-1])


def _texts(value: Json) -> tuple[str, ...]:
    members = value if isinstance(value, list) else [value]
    return tuple(text for text in map(_text, members) if text is not None)


def _text(value: Json) -> str | None:
    # Istio matches strings alone. Booleans and integers have one obvious spelling, and ``email_verified`` is wanted.
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return value if isinstance(value, str) else None
