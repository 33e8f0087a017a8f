"""A case as the ``CheckRequest`` that Envoy would send (envoy.service.auth.v3)."""

import json
from collections.abc import Mapping, MutableMapping
from typing import Any

from sidecar.cases.model import HeaderValue, RequestCase
from sidecar.core.headers_read import BODY_BYTES, BODY_SENT, PARTIAL_BODY
from sidecar.core.source import BEARER, Source
from sidecar.protos.ext_authz import CheckRequest


def check_request(request: RequestCase, token: str | None, source: Source = BEARER) -> bytes:
    """Return a request, serialised, with ``token`` where ``source`` says."""
    message = CheckRequest()
    attributes = message.attributes
    attributes.source.address.socket_address.address = request.source.address
    attributes.source.principal = request.source.principal
    attributes.destination.address.socket_address.address = request.destination.address
    attributes.destination.address.socket_address.port_value = request.destination.port
    attributes.context_extensions.update(request.context)
    for name, metadata in request.route_metadata.items():
        attributes.route_metadata_context.filter_metadata[name].update(metadata)
    if request.sni is not None:
        attributes.tls_session.SetInParent()
        attributes.tls_session.sni = request.sni
    http = attributes.request.http
    http.method, http.path, http.host, http.scheme = request.method, request.path, request.host, request.scheme
    http.headers.update({name.lower(): _joined(value) for name, value in request.headers.items()})
    _add_body(message, request.body)
    if token is not None:
        _put(message, token, source)
    data: bytes = message.SerializeToString()
    return data


def _add_body(message: CheckRequest, body: Mapping[str, Any] | str | None) -> None:
    """Have Envoy say that it sends bodies, and send this one as a whole."""
    attributes, headers = message.attributes, message.attributes.request.http.headers
    _add(attributes.context_extensions, BODY_SENT, str(BODY_BYTES))
    if body is None:
        return
    if not isinstance(body, str):
        _add(headers, "content-type", "application/json")
    _add(headers, PARTIAL_BODY, "false")
    attributes.request.http.raw_body = (body if isinstance(body, str) else json.dumps(body)).encode()


def _add(values: MutableMapping[str, str], name: str, value: str) -> None:
    if name not in values:
        values[name] = value


def _joined(value: HeaderValue) -> str:
    return value if isinstance(value, str) else ",".join(value)


def _put(message: CheckRequest, token: str, source: Source) -> None:
    http = message.attributes.request.http
    if source.kind == "query":
        http.path += f"{'&' if '?' in http.path else '?'}{source.name}={token}"
    elif source.kind == "cookie":
        before = http.headers.get("cookie")
        http.headers["cookie"] = f"{before}; {source.name}={token}" if before else f"{source.name}={token}"
    else:
        http.headers[source.name] = f"{source.scheme.capitalize()} {token}".strip()
