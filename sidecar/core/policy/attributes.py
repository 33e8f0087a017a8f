"""What conditions look at: the attributes of a request and its identity, each as the values it has.

Istio's missing-attribute semantics follow from there being none: no value matches no ``values``, and fails no
``notValues``. A value that has no text (an object, a list in a list) is the empty text, which ``*`` alone matches, and
only in a deny policy or under ``notValues`` of an allow policy: where that keeps the request out.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from sidecar.core.identity import Identity
from sidecar.core.policy.model import AttributeKind, Condition
from sidecar.core.request import Request
from sidecar.core.strict_json import Json

#: More copies and bytes than anybody sends in a header that policy looks at: each condition looks at all of them.
_MAX_COMMAS = 16
_MAX_LENGTH = 4096
#: A byte that is not UTF-8, as ``sent`` keeps it (PEP 383).
_SURROGATE = re.compile("[\udc80-\udcff]")
#: Claims with several values in one string, as in Istio.
_SPACE_DELIMITED = (("scope",), ("permission",))


@dataclass(frozen=True, slots=True)
class Attribute:
    """The values of one attribute, in every way they may be read.

    Each of ``readings`` is the values one reader sees: a header sent twice is one value with a comma to some, and
    either copy to others. Whatever keeps a request out may do so in any reading, whatever lets it in must in all. One
    that is not ``readable`` may be anything: enough to deny, and not to allow.
    """

    readings: tuple[tuple[str, ...], ...]
    readable: bool = True


_NOTHING = Attribute(((),))
_UNREADABLE = Attribute((), readable=False)


def attribute(condition: Condition, request: Request, identity: Identity | None) -> Attribute:
    """Return the values of the condition's attribute."""
    if condition.kind is AttributeKind.HEADER:
        return _header(request.headers.get(condition.path[0]), is_raw=request.sent.has_raw_headers)
    if identity is None:
        return _NOTHING
    values = _identity_values(condition, identity)
    return Attribute((values,))


def _header(value: str | None, *, is_raw: bool) -> Attribute:
    if value is None:
        return _NOTHING
    if len(value) > _MAX_LENGTH or value.count(",") > _MAX_COMMAS or (not value.isascii() and _SURROGATE.search(value)):
        return _UNREADABLE
    if "!" in value and not is_raw:
        return _UNREADABLE  # what Envoy shows for each byte that is not UTF-8
    copies = (copy.strip() for copy in value.split(","))
    return Attribute(tuple((reading,) for reading in dict.fromkeys((value, *copies))))


def _identity_values(condition: Condition, identity: Identity) -> tuple[str, ...]:
    match condition.kind:
        case AttributeKind.CLAIM:
            return _claim(identity.claims, condition.path)
        case AttributeKind.PRINCIPAL:
            return () if identity.principal is None else (identity.principal,)
        case AttributeKind.AUDIENCES:
            return identity.audiences
        case AttributeKind.PRESENTER:
            return _claim(identity.claims, ("azp",))
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


def _claim(claims: Mapping[str, Json], path: tuple[str, ...]) -> tuple[str, ...]:
    value = claim_at(claims, path)
    if value is None:
        return ()
    if isinstance(value, str) and path in _SPACE_DELIMITED:
        return tuple(member for member in value.split(" ") if member)
    return tuple(map(_text, value)) if isinstance(value, list) else (_text(value),)


def _text(value: Json) -> str:
    if isinstance(value, str):
        return value
    # Istio matches strings alone. Booleans and numbers are as Python writes them in JSON; ``email_verified`` is wanted.
    return json.dumps(value) if isinstance(value, bool | int | float) else ""
