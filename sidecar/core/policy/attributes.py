"""What conditions look at: the attributes of a request and its identity, each as the values it has.

Istio's missing-attribute semantics follow from there being none: no value matches no ``values``, and fails no
``notValues``. A value that has no text (an object, a list in a list) is the empty text, which ``*`` alone matches, and
only in a deny policy or under ``notValues`` of an allow policy: where that keeps the request out.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

from sidecar.core.identity import Identity
from sidecar.core.policy.case import Case
from sidecar.core.policy.model import AttributeKind, Condition
from sidecar.core.policy.networks import read_address
from sidecar.core.policy.peer import Workload, client_address, workload
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


_Reader: TypeAlias = Callable[[Condition, Case], Attribute]
_NOTHING = Attribute(((),))
_UNREADABLE = Attribute((), readable=False)


def attribute(condition: Condition, case: Case) -> Attribute:
    """Return the values of the condition's attribute."""
    return _READ[condition.kind](condition, case)


def header_readings(name: str, request: Request, *, runs: bool) -> tuple[str | None, ...] | None:
    """Return what a header may be read as, ``None`` being one that is not there; or ``None`` for one not readable.

    ``runs``: also as several of its parts, since a copy may have a comma of its own.
    """
    value = request.headers.get(name)
    if value is None:
        return (None,)
    found = _copies(value, is_raw=request.sent.has_raw_headers)
    if found is None:
        return None
    return tuple(dict.fromkeys((*found, *_runs(value)))) if runs and "," in value else tuple(found)


def is_read_alike(value: str) -> bool:
    """Say whether all readers of a header's value see the same; where that is not sure, it is not."""
    return (
        "," not in value
        and "!" not in value
        and value.isascii()
        and value.strip() == value
        and len(value) <= _MAX_LENGTH
    )


def _runs(value: str) -> Iterator[str]:
    parts = value.split(",")
    for first, last in combinations(range(len(parts) + 1), 2):
        yield ",".join(parts[first:last]).strip()


def _header(condition: Condition, case: Case) -> Attribute:
    value = case.request.headers.get(condition.path[0])
    if value is None:
        return _NOTHING
    found = _copies(value, is_raw=case.request.sent.has_raw_headers)
    return _UNREADABLE if found is None else Attribute(tuple((reading,) for reading in found))


def _copies(value: str, *, is_raw: bool) -> Iterable[str] | None:
    if len(value) > _MAX_LENGTH or value.count(",") > _MAX_COMMAS or (not value.isascii() and _SURROGATE.search(value)):
        return None
    if "!" in value and not is_raw:
        return None  # what Envoy shows for each byte that is not UTF-8
    return dict.fromkeys((value, *(copy.strip() for copy in value.split(","))))


def _of_identity(read: Callable[[Identity, tuple[str, ...]], tuple[str, ...]]) -> _Reader:
    def found(condition: Condition, case: Case) -> Attribute:
        identity = case.identity
        return _NOTHING if identity is None else Attribute((read(identity, condition.path),))

    return found


def _of_text(read: Callable[[Case], str | None]) -> _Reader:
    """Read one text; where there is none, it may be anything."""

    def found(_condition: Condition, case: Case) -> Attribute:
        text = read(case)
        return Attribute(((text,),)) if text else _UNREADABLE

    return found


def _of_address(read: Callable[[Case], str | None]) -> _Reader:
    """Read one address; where there is none, or one that no block has, it may be any."""

    def found(_condition: Condition, case: Case) -> Attribute:
        text = read(case)
        return _UNREADABLE if text is None or read_address(text) is None else Attribute(((text,),))

    return found


def _of_peer(read: Callable[[Workload], tuple[str, ...]]) -> _Reader:
    """Read something of the peer's workload: it has none without a certificate, or without SPIFFE ID."""

    def found(_condition: Condition, case: Case) -> Attribute:
        peer = workload(case.request.sent.principal)
        return _NOTHING if peer is None else Attribute((read(peer),))

    return found


def _principal(identity: Identity, _path: tuple[str, ...]) -> tuple[str, ...]:
    return () if identity.principal is None else (identity.principal,)


def _server_name(_condition: Condition, case: Case) -> Attribute:
    sent = case.request.sent
    if not sent.attributes.HasField("tls_session"):
        return _UNREADABLE  # no TLS, or Envoy does not pass it on
    return Attribute(((sent.server_name,),)) if sent.server_name else _NOTHING


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


_READ: Mapping[AttributeKind, _Reader] = {
    AttributeKind.HEADER: _header,
    AttributeKind.CLAIM: _of_identity(lambda identity, path: _claim(identity.claims, path)),
    AttributeKind.PRINCIPAL: _of_identity(_principal),
    AttributeKind.AUDIENCES: _of_identity(lambda identity, _path: identity.audiences),
    AttributeKind.PRESENTER: _of_identity(lambda identity, _path: _claim(identity.claims, ("azp",))),
    AttributeKind.SOURCE_IP: _of_address(lambda case: case.request.sent.source),
    AttributeKind.REMOTE_IP: _of_address(
        lambda case: client_address(case.request.headers.get("x-forwarded-for"), case.request.sent.source, case.proxies)
    ),
    AttributeKind.SOURCE_NAMESPACE: _of_peer(lambda peer: peer.namespaces),
    AttributeKind.SOURCE_PRINCIPAL: _of_peer(lambda peer: (peer.principal,)),
    AttributeKind.SERVICE_ACCOUNT: _of_peer(lambda peer: peer.service_accounts),
    AttributeKind.DESTINATION_IP: _of_address(lambda case: case.request.sent.destination),
    AttributeKind.DESTINATION_PORT: _of_text(lambda case: case.request.endpoint.port),
    AttributeKind.SNI: _server_name,
}
