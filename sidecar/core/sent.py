"""What Envoy asks about: a ``CheckRequest`` (envoy.service.auth.v3), read and not yet judged.

Headers come as Envoy sends them: in ``headers`` with duplicates joined by a comma, or, under ``encode_raw_headers``,
one by one in ``header_map`` with their bytes. Both end in the same mapping, duplicates joined by a comma (RFC 9110,
section 5.3). In ``headers`` Envoy shows ``!`` for a byte that is not UTF-8.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from google.protobuf.json_format import Error, MessageToDict
from google.protobuf.message import DecodeError

from sidecar.core.reason import Reason, Refusal
from sidecar.protos.ext_authz import AttributeContext, CheckRequest, HeaderValue

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)


@dataclass(slots=True)
class SentRequest:
    """One HTTP request as the client sent it. Nobody changes it; a frozen one would cost each check 1 µs more.

    ``path`` and ``query`` are the two sides of the target's first ``?`` (RFC 9112, section 3.2.1). Header names are
    lower-case; bytes that are not UTF-8 are kept as surrogate escapes (PEP 383). Look at ``headers`` by ``get``, ``in``
    and iteration alone: a map of protobuf's adds what it is asked for in brackets. What few checks look at is read from
    ``attributes`` when it is asked for.
    """

    method: str
    path: str
    query: str = field(repr=False)  # may have secrets
    authority: str
    headers: Mapping[str, str] = field(repr=False)  # have the token, which must never reach a log
    has_raw_headers: bool  #: whether they came in ``header_map``, with their bytes
    attributes: AttributeContext = field(repr=False)

    @property
    def port(self) -> str:
        """The listener's, as decimal digits; empty where Envoy names none."""
        port = self.attributes.destination.address.socket_address.port_value
        return str(port) if port else ""

    @property
    def source(self) -> str:
        """The client's IP address, as Envoy trusts it; empty where it names none."""
        address: str = self.attributes.source.address.socket_address.address
        return address

    @property
    def principal(self) -> str:
        """Who the client's certificate says it is, as Envoy reads it: its first URI, mostly; empty without one."""
        principal: str = self.attributes.source.principal
        return principal

    @property
    def destination(self) -> str:
        """The IP address that was connected to; empty where Envoy names none."""
        address: str = self.attributes.destination.address.socket_address.address
        return address

    @property
    def server_name(self) -> str:
        """The name that the client asked for in TLS (SNI; RFC 6066, section 3), in lower case and without a last dot.

        Empty without, or if Envoy does not pass it on. Envoy takes it in any spelling, and so do upstreams.
        """
        name: str = self.attributes.tls_session.sni
        return name.lower().removesuffix(".")

    @property
    def route_metadata(self) -> Mapping[str, object] | None:
        """The metadata of the route that Envoy chose, by namespace, of those that it sends; ``None`` without any."""
        namespaces = self.attributes.route_metadata_context.filter_metadata
        try:
            return {name: MessageToDict(namespaces[name]) for name in list(namespaces)} or None
        except Error:
            return None  # a number that JSON does not have

    @property
    def scheme(self) -> str:
        """``https`` or ``http``, as Envoy was asked; empty where it names none."""
        scheme: str = self.attributes.request.http.scheme
        return scheme

    @property
    def certificate(self) -> str:
        """The client's certificate as Envoy encodes it; empty where it has none, or does not pass it on."""
        certificate: str = self.attributes.source.certificate
        return certificate

    @property
    def request_id(self) -> str:
        """``x-request-id`` where it is short and harmless, else empty."""
        request_id = self.headers.get("x-request-id", "")
        return request_id if _REQUEST_ID.fullmatch(request_id) else ""


def read_sent(raw: bytes) -> SentRequest:
    """Read a serialised ``CheckRequest``; raises ``Refusal`` where there is no HTTP request in it."""
    try:
        attributes = CheckRequest.FromString(raw).attributes
    except DecodeError as error:
        raise Refusal(Reason.UNREADABLE_REQUEST, str(error)) from None
    http = attributes.request.http
    method, target, is_raw = http.method, http.path, http.HasField("header_map")
    # As protobuf has them: of 15 headers few are looked at, and a dict of all would cost 2 µs.
    headers: Mapping[str, str] = http.headers
    if not method:
        raise Refusal(Reason.UNREADABLE_REQUEST, "no HTTP request in it")
    if is_raw:
        headers = _join(http.header_map.headers)
        # Over HTTP/2 a path may have bytes that are not UTF-8. Envoy shows them as "!" in ``path``, and routes the
        # bytes; the raw header, where there is one, tells the truth.
        target = headers.get(":path", target)
    path, _, query = target.partition("?")
    return SentRequest(method, path, query, http.host, headers, is_raw, attributes)


def _join(raw: Iterable[HeaderValue]) -> dict[str, str]:
    values: dict[str, list[str]] = {}
    for header in raw:
        value = header.raw_value.decode("utf-8", "surrogateescape") or header.value
        values.setdefault(header.key, []).append(value)
    return {name: ",".join(copies) for name, copies in values.items()}
