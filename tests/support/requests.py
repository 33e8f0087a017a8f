"""CheckRequests as Envoy sends them, with headers in either of the two places, and ``Request`` values for policy."""

from collections.abc import Iterable, Mapping

from sidecar.core.endpoint import endpoint_of
from sidecar.core.path import PathMode
from sidecar.core.request import Request, admit
from sidecar.core.sent import read_sent
from sidecar.protos.ext_authz import CheckRequest, HeaderValue


def check_request(  # noqa: PLR0913 - one a field
    *,
    method: str = "GET",
    path: str = "/orders",
    host: str = "api.example",
    headers: Mapping[str, str] | None = None,
    header_map: Iterable[tuple[str, bytes]] | None = None,
    port: int = 8443,
    peer: str = "",
    principal: str = "",
    destination: str = "",
    server_name: str | None = None,
    body: bytes = b"",
    text_body: str = "",
    extensions: Mapping[str, str] | None = None,
) -> bytes:
    """Return a serialised CheckRequest. ``header_map`` is what ``encode_raw_headers`` makes Envoy send.

    ``peer`` is the address of the connection, ``principal`` of its certificate. ``server_name``: ``None`` without TLS.
    ``body`` is what Envoy sends of one as bytes, ``text_body`` as text; ``extensions`` are its ``context_extensions``.
    """
    message = CheckRequest()
    attributes = message.attributes
    attributes.destination.address.socket_address.port_value = port
    attributes.destination.address.socket_address.address = destination
    attributes.source.address.socket_address.address = peer
    attributes.source.principal = principal
    if server_name is not None:
        attributes.tls_session.SetInParent()
        attributes.tls_session.sni = server_name
    http = message.attributes.request.http
    http.method, http.path, http.host, http.scheme = method, path, host, "https"
    http.headers.update(headers or {})
    http.raw_body, http.body = body, text_body
    attributes.context_extensions.update(extensions or {})
    if header_map is not None:
        http.header_map.SetInParent()
        http.header_map.headers.extend(HeaderValue(key=name, raw_value=value) for name, value in header_map)
    raw: bytes = message.SerializeToString()
    return raw


def with_token(token: str, **fields: object) -> bytes:
    """Return a CheckRequest that carries ``token`` as a bearer token, and ``headers`` beside it."""
    others = fields.pop("headers", {})
    assert isinstance(others, dict)
    return check_request(headers={"authorization": f"Bearer {token}"} | others, **fields)  # type: ignore[arg-type]


def request(mode: PathMode = PathMode.REJECT, /, **fields: object) -> Request:
    """Return the ``Request`` that the core makes of such a CheckRequest."""
    sent = read_sent(check_request(**fields))  # type: ignore[arg-type]
    return admit(sent, endpoint_of(sent.method, sent.authority, sent.path, sent.port, mode, 8192))
