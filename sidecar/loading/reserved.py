"""Headers that mean something to HTTP itself, to Envoy or to the credential: identity must not overwrite them."""

from sidecar.core.headers_read import OVERRIDE_HEADERS

_NAMES = {
    *OVERRIDE_HEADERS,
    *("authorization", "cache-control", "connection", "cookie", "date", "dpop", "expect", "forwarded", "from", "host"),
    *("keep-alive", "origin", "pragma", "range", "referer", "server", "set-cookie", "te", "trailer", "traceparent"),
    *("tracestate", "transfer-encoding", "upgrade", "user-agent", "via", "x-original-method", "x-original-uri"),
    *("x-real-ip", "x-request-id"),
}
_PREFIXES = ("accept", "access-control-", "content-", "if-", "proxy-", "sec-", "x-envoy-", "x-forwarded-")


def has_meaning(name: str) -> bool:
    """Say whether a header of that name, in small letters, is one of them."""
    return name in _NAMES or name.startswith(_PREFIXES)
