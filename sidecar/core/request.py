"""What Envoy asks about: a ``CheckRequest`` (envoy.service.auth.v3) read into an immutable value.

Headers come as Envoy sends them: in ``headers`` with duplicates joined by a comma, or, under ``encode_raw_headers``,
one by one in ``header_map`` with their bytes. Both end in the same mapping, duplicates joined by a comma (RFC 9110,
section 5.3), so that a policy means the same under either setting.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from envoy.config.core.v3.base_pb2 import HeaderValue
from envoy.service.auth.v3.attribute_context_pb2 import AttributeContext
from envoy.service.auth.v3.external_auth_pb2 import CheckRequest
from google.protobuf.message import DecodeError

from sidecar.core.path import PathMode, is_normal, spellings, split_target
from sidecar.core.reason import Reason, Refusal

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request as Envoy describes it.

    ``path`` is as sent, without the query; ``spellings`` are the forms of it that policy looks at
    (``path.spellings``), and ``path_is_normal`` says whether it may be decided on at all. ``hosts`` are the forms of
    the authority a host pattern may match (``host_forms``). ``port`` is the listener's, as decimal digits. Header
    names are lower-case; bytes that are not UTF-8 are kept as surrogate escapes (PEP 383), which match no pattern.
    ``request_id`` is ``x-request-id`` where it is short and harmless, else empty.
    """

    method: str
    path: str
    query: str = field(repr=False)  # may have secrets
    path_is_normal: bool
    spellings: tuple[str, ...]
    scheme: str
    hosts: tuple[str, ...]
    port: str
    headers: Mapping[str, str] = field(repr=False)  # has the token, which must never reach a log
    request_id: str

    @property
    def is_cors_preflight(self) -> bool:
        """Say whether this is a CORS preflight (Fetch Standard, section 4.9)."""
        return self.method == "OPTIONS" and "origin" in self.headers and "access-control-request-method" in self.headers


def read_request(raw: bytes, mode: PathMode) -> Request:
    """Read a serialised ``CheckRequest``; raises ``Refusal`` where there is no HTTP request in it."""
    try:
        attributes = CheckRequest.FromString(raw).attributes
    except DecodeError as error:
        raise Refusal(Reason.UNREADABLE_REQUEST, str(error)) from None
    http = attributes.request.http
    if not http.method:
        raise Refusal(Reason.UNREADABLE_REQUEST, "no HTTP request in it")
    return _read_http(http, attributes.destination.address.socket_address.port_value, mode)


def _read_http(http: AttributeContext.HttpRequest, port: int, mode: PathMode) -> Request:
    headers = _join(http.header_map.headers) if http.HasField("header_map") else dict(http.headers)
    # Over HTTP/2 a path may have bytes that are not UTF-8. Envoy shows them as "!" in ``path``, and routes the bytes;
    # the raw header, where there is one, tells the truth.
    target = headers.get(":path", http.path) if http.HasField("header_map") else http.path
    path, query = split_target(target)
    normal = is_normal(path, mode)
    request_id = headers.get("x-request-id", "")
    return Request(
        method=http.method,
        path=path,
        query=query,
        path_is_normal=normal,
        spellings=spellings(path, mode) if normal else (path,),
        scheme=http.scheme,
        hosts=host_forms(http.host),
        port=str(port) if port else "",
        headers=MappingProxyType(headers),
        request_id=request_id if _REQUEST_ID.fullmatch(request_id) else "",
    )


def _join(raw: Iterable[HeaderValue]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for header in raw:
        value = header.raw_value.decode("utf-8", "surrogateescape") or header.value
        name = header.key
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def host_forms(authority: str) -> tuple[str, ...]:
    """Return the forms of an authority that a host pattern may match, lower-case (RFC 3986, section 3.2.2)."""
    full = authority.lower()
    # Userinfo has no place here (RFC 9113, section 8.3.1), but an upstream that drops it must not see a host we did
    # not.
    host = full.rpartition("@")[2]
    head, colon, digits = host.rpartition(":")
    with_port = bool(colon) and digits.isdigit()
    bare = (head if with_port else host).rstrip(".")
    forms = (full, bare, f"{bare}:{digits}" if with_port else bare)
    return tuple(dict.fromkeys(forms))
