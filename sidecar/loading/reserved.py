"""Headers that mean something to HTTP itself, to Envoy or to the credential: nobody is to overwrite them."""

from sidecar.core.headers_read import OVERRIDE_HEADERS

_NAMES = {
    *OVERRIDE_HEADERS,
    *("authorization", "cache-control", "connection", "cookie", "date", "dpop", "expect", "forwarded", "from", "host"),
    *("keep-alive", "origin", "pragma", "range", "referer", "server", "set-cookie", "te", "trailer", "traceparent"),
    *("tracestate", "transfer-encoding", "upgrade", "user-agent", "via", "x-original-method", "x-original-uri"),
    *("x-real-ip", "x-request-id"),
}
_PREFIXES = ("accept", "access-control-", "content-", "if-", "proxy-", "sec-", "x-envoy-", "x-forwarded-")

#: Of requests: what says where a message ends, how it goes on, or to whom.
_FRAMING = {
    *("connection", "content-encoding", "content-length", "content-type", "expect", "host", "keep-alive", "te"),
    *("trailer", "transfer-encoding", "upgrade", "x-request-id"),
}
#: Of answers: the same, what they carry, and what sends clients elsewhere or makes them keep something.
_OF_ANSWERS = {
    *_FRAMING,
    *("content-location", "content-range", "date", "location", "refresh", "server", "set-cookie", "via"),
    "www-authenticate",
}


def frames_requests(name: str) -> bool:
    """Say whether a request may not go without the header of that name, in small letters, if it came with it."""
    return name in _FRAMING or name.startswith(("proxy-", "x-envoy-"))


def is_of_the_answer(name: str) -> bool:
    """Say whether the header of that name, in small letters, is for nobody but who answers to set."""
    return name in _OF_ANSWERS or name.startswith(("grpc-", "proxy-", "x-envoy-"))


def has_meaning(name: str) -> bool:
    """Say whether a header of that name, in small letters, is one of them."""
    return name in _NAMES or name.startswith(_PREFIXES)
