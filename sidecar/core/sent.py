"""What Envoy asks about: a ``CheckRequest`` (envoy.service.auth.v3), read and not yet judged.

Headers come as Envoy sends them: in ``headers`` with duplicates joined by a comma, or, under ``encode_raw_headers``,
one by one in ``header_map`` with their bytes. Both end in the same mapping, duplicates joined by a comma (RFC 9110,
section 5.3). In ``headers`` Envoy shows ``!`` for a byte that is not UTF-8.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from envoy.config.core.v3.base_pb2 import HeaderValue
from envoy.service.auth.v3.attribute_context_pb2 import AttributeContext
from envoy.service.auth.v3.external_auth_pb2 import CheckRequest
from google.protobuf.message import DecodeError

from sidecar.core.reason import Reason, Refusal

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SentRequest:
    """One HTTP request as the client sent it.

    ``target`` is path and query. ``port`` is the listener's as decimal digits, empty where Envoy names none. Header
    names are lower-case; bytes that are not UTF-8 are kept as surrogate escapes (PEP 383).
    ``request_id`` is ``x-request-id`` where it is short and harmless, else empty.
    """

    method: str
    target: str = field(repr=False)  # the query may have secrets
    authority: str
    port: str
    headers: Mapping[str, str] = field(repr=False)  # have the token, which must never reach a log
    request_id: str
    has_raw_headers: bool  #: whether they came in ``header_map``, with their bytes
    source: str  #: the client's IP address, as Envoy trusts it; empty where it names none


def read_sent(raw: bytes) -> SentRequest:
    """Read a serialised ``CheckRequest``; raises ``Refusal`` where there is no HTTP request in it."""
    try:
        attributes = CheckRequest.FromString(raw).attributes
    except DecodeError as error:
        raise Refusal(Reason.UNREADABLE_REQUEST, str(error)) from None
    http = attributes.request.http
    if not http.method:
        raise Refusal(Reason.UNREADABLE_REQUEST, "no HTTP request in it")
    port = attributes.destination.address.socket_address.port_value
    return _read_http(http, port, attributes.source.address.socket_address.address)


def _read_http(http: AttributeContext.HttpRequest, port: int, source: str) -> SentRequest:
    headers, target = dict(http.headers), http.path
    if http.HasField("header_map"):
        headers = _join(http.header_map.headers)
        # Over HTTP/2 a path may have bytes that are not UTF-8. Envoy shows them as "!" in ``path``, and routes the
        # bytes; the raw header, where there is one, tells the truth.
        target = headers.get(":path", target)
    request_id = headers.get("x-request-id", "")
    return SentRequest(
        method=http.method,
        target=target,
        authority=http.host,
        port=str(port) if port else "",
        headers=MappingProxyType(headers),
        request_id=request_id if _REQUEST_ID.fullmatch(request_id) else "",
        has_raw_headers=http.HasField("header_map"),
        source=source,
    )


def _join(raw: Iterable[HeaderValue]) -> dict[str, str]:
    values: dict[str, list[str]] = {}
    for header in raw:
        value = header.raw_value.decode("utf-8", "surrogateescape") or header.value
        values.setdefault(header.key, []).append(value)
    return {name: ",".join(copies) for name, copies in values.items()}
